from django.db import models, transaction
from shop import chat


class Order(models.Model):
    seller_id = models.TextField()
    buyer_id = models.TextField()

    class Meta:
        db_table = "orders"

    # In the transaction that stores the order: both are there afterwards, or neither.
    @classmethod
    @transaction.atomic
    def place(cls, seller_id, buyer_id):
        order = cls.objects.create(seller_id=seller_id, buyer_id=buyer_id)
        chat.post(seller_id, buyer_id, f"Thank you for order {order.pk}.", ref=f"order-{order.pk}", data={"order": order.pk})
        return order


class Push(models.Model):
    """Stands for a service that reaches people's phones."""

    user_id = models.TextField()
    text = models.TextField()
    broken = False

    class Meta:
        db_table = "pushes"

    @classmethod
    def deliver(cls, user_id, text):
        cls.objects.create(user_id=user_id, text=text)
        if cls.broken:
            raise RuntimeError("the service for pushes is away")
