"""Addresses of the audit record."""

from django.urls import path

from openinfusion.web.audit import views

app_name = "audit"
urlpatterns = [
    path("", views.show_records, name="records"),
    path("verify", views.verify_chain, name="verify"),
]
