"""Addresses of national libraries."""

from django.urls import path

from openinfusion.web.national import begin_views, views

app_name = "national"
urlpatterns = [
    path("", views.start, name="start"),
    path("publish/<int:version>", views.publish_issue, name="issue"),
    path("begin/<slug:library>/<int:number>", begin_views.begin, name="begin"),
    path("<slug:library>", views.adoption, name="adoption"),
    path("<slug:library>/rows/<int:number>", views.row, name="row"),
    path("<slug:library>/issues/<int:number>", views.issue, name="take"),
    path("<slug:library>/change", views.change, name="change"),
    path("<slug:library>/deviations", views.deviations, name="deviations"),
    path("<slug:library>/deviations.json", views.download, name="download"),
]
