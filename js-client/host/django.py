"""mosquitto-chat for Django: signs logins. Copy this file to yourapp/templatetags/mosquitto_chat.py.

    path("chat/token", mosquitto_chat.token)                 # in urls.py
    {% load mosquitto_chat %} {% mosquitto_chat_tags url="/mqtt" token_url="/chat/token" %}   {# in <head> #}

Users are known by their primary key; what others get to see of them says name_of().

The environment says how: CHAT_SECRET is the plugin's secret and never leaves the server; CHAT_AUDIENCE is the
plugin's jwt_audience, where it has one; CHAT_LIFETIME is how many seconds a token is good for.
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
from django.views.decorators.http import require_safe

SHORTEST_SECRET = 32
NOT_IN_A_SECRET = rb"\A[ #]| \Z|[\x00-\x1f\x7f]|\xEF\xBB\xBF"
LIFETIME = "3600"
LONGEST_NAME = 128

register = Library()


def name_of(user):
    """What others get to see. An e-mail address, which many sites have as username, is nobody's business."""
    full_name = user.get_full_name() if hasattr(user, "get_full_name") else ""
    username = user.get_username()
    return full_name or ("" if "@" in username else username)


def jwt(user_id, name="", seconds=None, now=None, audience=None):
    """A login that ends by itself: the password; the username is best the id."""
    iat = int(time.time() if now is None else now)
    claims = {"sub": checked(user_id), "name": clean_name(name), "iat": iat, "exp": iat + (seconds or lifetime())}
    audience = audience or os.environ.get("CHAT_AUDIENCE")
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
    plain = re.sub(r"[\x00-\x1f\x7f-\x9f]", " ", name or "")
    return plain.encode("utf-8", "ignore")[:LONGEST_NAME].decode("utf-8", "ignore")


def checked(user_id):
    # str() would make an id of nothing at all: "None".
    if user_id is None or not re.fullmatch(r"[A-Za-z0-9_.@~=-]{1,64}", str(user_id)):
        raise ValueError("a chat user's id has 1 to 64 of the characters A-Z a-z 0-9 _ . @ ~ = -")
    return str(user_id)


def secret():
    """Read as the plugin reads it: without the line end that a file or `echo` leaves behind it."""
    said = re.sub(rb"\r?\n\Z", b"", os.fsencode(os.environ.get("CHAT_SECRET", "")))
    if len(said) < SHORTEST_SECRET or re.search(NOT_IN_A_SECRET, said):
        raise RuntimeError(
            "CHAT_SECRET has to be the chat's secret: 32 bytes or more, no # in front, no blank at either end, "
            "no control character and no byte order mark")
    return said


def lifetime():
    said = os.environ.get("CHAT_LIFETIME") or LIFETIME
    if not re.fullmatch(r"[1-9][0-9]{0,8}", said):
        raise RuntimeError("CHAT_LIFETIME has to be a number of seconds, such as 3600")
    return int(said)


def sign(text):
    return hmac.new(secret(), text.encode(), hashlib.sha256).digest()


def base64url(raw):
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()


def user_of(request):
    """Who is logged in, if anybody. Pages of errors are drawn without a request, or before it has a user."""
    user = getattr(request, "user", None)
    return user if user is not None and user.is_authenticated else None


@require_safe
def token(request):
    """The page's token, for whoever is logged in."""
    user = user_of(request)
    text = jwt(user.pk, name_of(user)) if user else ""
    answer = HttpResponse(text, status=200 if user else 401, content_type="text/plain; charset=utf-8")
    answer["Cache-Control"] = "no-store"
    return answer


@register.simple_tag(takes_context=True)
def mosquitto_chat_tags(context, url, token_url=""):
    """Tells the page's elements where the chat is and whose it is; nothing for a visitor."""
    user = user_of(context.get("request"))
    if not user:
        return ""
    contents = [("url", url), ("token", jwt(user.pk, name_of(user))), ("token-url", token_url)]
    return format_html_join("\n", '<meta name="chat-{}" content="{}">', [it for it in contents if it[1]])
