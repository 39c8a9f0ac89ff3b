"""Addresses of the health of the machinery."""

from django.urls import path

from openinfusion.web.health import views

app_name = "health"
urlpatterns = [path("", views.health, name="health"), path("figures.json", views.figures, name="figures")]
