"""mosquitto-chat for Django: signs logins. Copy this file to yourapp/templatetags/mosquitto_chat.py.

    path("chat/token", mosquitto_chat.token)                 # in urls.py
    {% load mosquitto_chat %} {% mosquitto_chat_tags url="/mqtt" token_url="/chat/token" %}   {# in <head> #}

Users are known by their primary key and get_username(). The secret is the plugin's, in the environment
variable CHAT_SECRET. It never leaves the server.
"""

import base64
import hashlib
import hmac
import json
import os
import re
import time

from django.http import HttpResponse
from django.template import Library
from django.utils.html import format_html_join

LIFETIME = 3600
LONGEST_NAME = 128

register = Library()


def jwt(user_id, name="", seconds=LIFETIME, now=None, audience=None):
    """A login that ends by itself: the password; the username stays empty."""
    claims = {"sub": checked(user_id), "name": clean_name(name), "exp": int(now or time.time()) + seconds}
    if audience:
        claims["aud"] = audience
    return seal('{"alg":"HS256","typ":"JWT"}', json.dumps(claims, ensure_ascii=False))


def signed_name(user_id, name=""):
    """A login that never ends: username and password."""
    username = f"{checked(user_id)}:{clean_name(name)}"
    return username, base64.b64encode(sign(username)).decode()


def seal(header, claims):
    """Signs a JWT's header and claims, given as JSON."""
    signed = f"{base64url(header.encode())}.{base64url(claims.encode())}"
    return f"{signed}.{base64url(sign(signed))}"


def clean_name(name):
    """A name as the plugin takes it: no control characters, and at most 128 bytes."""
    plain = re.sub(r"[\x00-\x1f\x7f-\x9f]", " ", name)
    return plain.encode("utf-8", "ignore")[:LONGEST_NAME].decode("utf-8", "ignore")


def checked(user_id):
    if not re.fullmatch(r"[A-Za-z0-9_.@~=-]{1,64}", str(user_id)):
        raise ValueError("a chat user's id has 1 to 64 of the characters A-Z a-z 0-9 _ . @ ~ = -")
    return str(user_id)


def sign(text):
    secret = os.environ.get("CHAT_SECRET", "").encode()
    if len(secret) < 32:
        raise RuntimeError("CHAT_SECRET has to be the chat's secret, of 32 bytes or more")
    return hmac.new(secret, text.encode(), hashlib.sha256).digest()


def base64url(raw):
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()


def token(request):
    """The page's token, for whoever is logged in."""
    user = request.user
    if not user.is_authenticated:
        answer = HttpResponse(status=401)
    else:
        answer = HttpResponse(jwt(user.pk, user.get_username()), content_type="text/plain; charset=utf-8")
    answer["Cache-Control"] = "no-store"
    return answer


@register.simple_tag(takes_context=True)
def mosquitto_chat_tags(context, url, token_url=""):
    """Tells the page's elements where the chat is and whose it is; nothing for a visitor."""
    user = context["request"].user
    if not user.is_authenticated:
        return ""
    contents = [("url", url), ("token", jwt(user.pk, user.get_username())), ("token-url", token_url)]
    return format_html_join("\n", '<meta name="chat-{}" content="{}">', [it for it in contents if it[1]])
