class Order < ApplicationRecord
  # In the transaction that stores the order: both are there afterwards, or neither.
  after_create do
    Chat.post(seller_id, buyer_id, "Thank you for order #{id}.", ref: "order-#{id}", data: { order: id })
  end
end
