"""Addresses of the workbench."""

from django.urls import path

from openinfusion.web.workbench import views

app_name = "workbench"
urlpatterns = [
    path("<str:entry>/<str:group>", views.bench, name="bench"),
    path("<str:entry>/<str:group>/keep", views.keep, name="keep"),
    path("<str:entry>/<str:group>/<int:number>/take", views.take, name="take"),
]
