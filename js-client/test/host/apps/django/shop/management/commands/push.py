from django.core.management.base import BaseCommand
from django.db import transaction
from shop import chat
from shop.models import Push


class Command(BaseCommand):
    help = "Tells those who are away of unread messages. To be run every ten seconds or so, by any number of workers."

    def handle(self, *args, **options):
        while push_one():
            pass


# What fails is given back by the rollback, and taken again by a later run.
@transaction.atomic
def push_one():
    taken = chat.take_away(1)
    for away in taken:
        Push.deliver(away["user_id"], f'{away["text"]} ({away["count"]} unread)')
    return taken
