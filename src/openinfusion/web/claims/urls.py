"""Addresses of status files of vendors."""

from django.urls import path

from openinfusion.web.claims import views

app_name = "claims"
urlpatterns = [path("", views.files, name="files"), path("<int:number>", views.file, name="file")]
