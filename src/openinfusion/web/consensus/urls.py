"""Addresses of consensus."""

from django.urls import path

from openinfusion.web.consensus import hazard_views, views

app_name = "consensus"
urlpatterns = [
    path("", views.discrepancies, name="discrepancies"),
    path("compare/<slug:library>", views.compare, name="compare"),
    path("raise/<slug:library>", views.raise_, name="raise"),
    path("hazards/<int:number>", hazard_views.hazard, name="hazard"),
    path("hazards/<int:number>/controls", hazard_views.propose, name="propose"),
    path("hazards/<int:number>/controls/<int:control>", hazard_views.verify, name="verify"),
    path("hazards/<int:number>/rating", hazard_views.rate_, name="rate"),
    path("<str:reference>", views.discrepancy, name="discrepancy"),
    path("<str:reference>/statement", views.say, name="say"),
    path("<str:reference>/round", views.begin_round, name="round"),
    path("<str:reference>/close", views.end_round, name="close"),
    path("<str:reference>/position", views.position, name="position"),
    path("<str:reference>/decision", views.decision, name="decision"),
]
