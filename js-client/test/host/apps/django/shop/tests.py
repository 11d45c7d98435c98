from django.contrib.auth.models import User
from django.test import TestCase


class ChatTest(TestCase):
    def test_gives_a_token_to_whoever_is_logged_in(self):
        self.assertEqual(self.client.get("/chat/token").status_code, 401)
        self.client.force_login(User.objects.create_user("ann", first_name="Ann"))
        self.assertEqual(len(self.client.get("/chat/token").content.split(b".")), 3)
