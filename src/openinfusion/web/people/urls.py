"""Addresses of people."""

from django.urls import path

from openinfusion.web.people import views

app_name = "people"
urlpatterns = [
    path("<slug:organisation>/people", views.everybody, name="everybody"),
    path("<slug:organisation>/people/add", views.add, name="add"),
    path("<slug:organisation>/people/<int:person>", views.one, name="one"),
    path("<slug:organisation>/people/<int:person>/close", views.close, name="close"),
    path("<slug:organisation>/people/<int:person>/duties/<int:duty>/end", views.end, name="end"),
    path("<slug:organisation>/people/<int:person>/forget-second-factors", views.forget, name="forget"),
    path("<slug:organisation>/people/<int:person>/give", views.give, name="give"),
    path("<slug:organisation>/people/<int:person>/invite", views.invite, name="invite"),
]
