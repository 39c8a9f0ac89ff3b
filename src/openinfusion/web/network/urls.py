"""Addresses of the network survey."""

from django.urls import path

from openinfusion.web.network import views

app_name = "network"
urlpatterns = [
    path("", views.survey, name="survey"),
    path("enter", views.enter, name="enter"),
    path("upload", views.upload, name="upload"),
]
