"""Addresses of the fleet."""

from django.urls import path

from openinfusion.web.fleet import pump_views, views, work_views

app_name = "fleet"
urlpatterns = [
    path("", views.glance, name="glance"),
    path("find", views.find, name="find"),
    path("pumps", views.pumps, name="pumps"),
    path("pumps/<str:pump>", pump_views.pump, name="pump"),
    path("pumps/<str:pump>/report", pump_views.report, name="report"),
    path("pumps/<str:pump>/work", work_views.take_on, name="take_on"),
    path("wards", views.wards, name="wards"),
    path("work", work_views.work, name="work"),
    path("work/closed", work_views.closed, name="closed"),
    path("work/print", work_views.sheets, name="sheets"),
]
