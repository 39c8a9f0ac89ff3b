"""Addresses of the pages of tokens."""

from django.urls import path

from openinfusion.web.api import views

app_name = "api"
urlpatterns = [
    path("", views.tokens, name="tokens"),
    path("new", views.new_token, name="new"),
    path("<int:number>/end", views.end_token, name="end"),
]
