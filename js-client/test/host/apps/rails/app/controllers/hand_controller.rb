# What the application does with the chat by its own hand, each at an address, for the tests.
class HandController < ApplicationController
  def order
    Order.transaction do
      Order.create!(seller_id: params[:seller], buyer_id: params[:buyer])
      raise "the order is not placed after all" if params[:fail]
    end
    head :no_content
  end

  def block
    Chat.block(params[:blocker], params[:blocked])
    head :no_content
  end

  def unblock
    Chat.unblock(params[:blocker], params[:blocked])
    head :no_content
  end

  def push
    Push.broken = params[:fail].present?
    PushJob.perform_now
    head :no_content
  end
end
