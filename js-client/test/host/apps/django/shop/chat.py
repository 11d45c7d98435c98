"""The chat's functions in the database, on Django's own connection: what they do belongs to the transaction that
is open, and is undone with it."""

import json

from django.db import connection


def post(sender, recipient, text, ref=None, data=None):
    call("chat.post(%s, %s, %s, %s, %s)", str(sender), str(recipient), text, ref, data and json.dumps(data))


def block(blocker, blocked):
    call("chat.block(%s, %s)", str(blocker), str(blocked))


def unblock(blocker, blocked):
    call("chat.unblock(%s, %s)", str(blocker), str(blocked))


def unread_total(user_id):
    return call("chat.unread_total(%s)", str(user_id))[0]["unread_total"]


def take_away(most):
    return call("chat.take_away(most => %s)", most)


def call(function, *arguments):
    with connection.cursor() as cursor:
        cursor.execute(f"select * from {function}", arguments)
        names = [column.name for column in cursor.description]
        return [dict(zip(names, row)) for row in cursor.fetchall()]
