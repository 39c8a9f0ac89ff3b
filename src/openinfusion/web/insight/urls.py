"""Addresses of figures."""

from django.urls import path

from openinfusion.web.insight import (
    chart_views,
    compare_views,
    export_views,
    figure_views,
    mine,
    triage_views,
    views,
)

app_name = "insight"
urlpatterns = [
    path("", views.month, name="month"),
    path("charts", chart_views.charts, name="charts"),
    path("charts/<str:slug>", chart_views.chart, name="chart"),
    path("charts/<str:slug>/file.<str:form>", export_views.chart, name="chart_file"),
    path("charts/<str:slug>/notes", chart_views.add_note, name="add_note"),
    path("charts/<str:slug>/notes/<int:number>/down", chart_views.take_down, name="take_down"),
    path("figures/<str:question>", figure_views.figure, name="figure"),
    path("figures/<str:question>/file.<str:form>", export_views.figure, name="figure_file"),
    path("figures/<str:question>/records", figure_views.rows, name="rows"),
    path("figures/<str:question>/open", figure_views.open_detail, name="open"),
    path("models", compare_views.models, name="models"),
    path("releases", compare_views.releases, name="releases"),
    path("told/<str:topic_key>", views.section, name="topic"),
    path("triage", triage_views.triage, name="triage"),
    path("triage/case", triage_views.case, name="case"),
    path("triage/propose", triage_views.propose_change, name="propose"),
    path("unsubscribe/<str:token>", mine.unsubscribe, name="unsubscribe"),
    path("views", mine.views, name="views"),
    path("views/<int:number>/forget", mine.forget, name="forget"),
    path("views/<int:number>/mail", mine.subscribe, name="subscribe"),
]
