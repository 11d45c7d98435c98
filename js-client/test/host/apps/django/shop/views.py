from django.contrib import auth
from django.contrib.auth.models import User
from django.core.management import call_command
from django.db import transaction
from django.http import HttpResponse
from django.shortcuts import render
from shop import chat
from shop.models import Order, Push


def home(request):
    unread = chat.unread_total(request.user.pk) if request.user.is_authenticated else None
    return render(request, "home.html", {"unread": unread})


def odd(request):
    return render(request, "odd.html", {"url": request.GET["url"]})


def login(request):
    given = request.GET
    user, _ = User.objects.update_or_create(
        pk=given["id"], defaults={"username": given.get("username", given["id"]), "first_name": given.get("name", "")})
    auth.login(request, user)
    return HttpResponse(status=204)


def broken(request):
    raise RuntimeError("this page is always an error")


# What the application does with the chat by its own hand, each at an address, for the tests.

@transaction.atomic
def order(request):
    Order.place(request.GET["seller"], request.GET["buyer"])
    if "fail" in request.GET:
        raise RuntimeError("the order is not placed after all")
    return HttpResponse(status=204)


def block(request):
    chat.block(request.GET["blocker"], request.GET["blocked"])
    return HttpResponse(status=204)


def unblock(request):
    chat.unblock(request.GET["blocker"], request.GET["blocked"])
    return HttpResponse(status=204)


def push(request):
    Push.broken = "fail" in request.GET
    call_command("push")
    return HttpResponse(status=204)
