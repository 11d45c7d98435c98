from django.urls import path
from shop import views
from shop.templatetags import mosquitto_chat

urlpatterns = [
    path("chat/token", mosquitto_chat.token),
    path("", views.home),
    path("odd", views.odd),
    path("login", views.login),
    path("broken", views.broken),
    path("order", views.order),
    path("block", views.block),
    path("unblock", views.unblock),
    path("push", views.push),
]
