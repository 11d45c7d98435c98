from django.contrib import auth
from django.contrib.auth.models import User
from django.http import HttpResponse
from django.shortcuts import render


def home(request):
    return render(request, "home.html")


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
