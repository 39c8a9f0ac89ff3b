"""Addresses of libraries."""

from django.urls import path

from openinfusion.web.library import difference_views, entry_views, sheet_views, views

app_name = "library"
_LIBRARY = "<slug:organisation>/libraries/<slug:library>"
_VERSION = f"{_LIBRARY}/<int:number>"
_ENTRY = f"{_VERSION}/entries/<str:item>"
urlpatterns = [
    path("", views.start, name="start"),
    path("<slug:organisation>/libraries", views.libraries, name="libraries"),
    path(_LIBRARY, views.timeline, name="timeline"),
    path(f"{_LIBRARY}/differences", difference_views.choose, name="differences"),
    path(f"{_LIBRARY}/differences/<int:old>/<int:new>", difference_views.between_versions, name="difference"),
    path(_VERSION, views.version, name="version"),
    path(f"{_VERSION}/drugs", views.drugs, name="drugs"),
    path(f"{_VERSION}/drugs/<str:item>", entry_views.drug, name="drug"),
    path(f"{_VERSION}/areas/<str:item>/sheet", sheet_views.sheet, name="sheet"),
    path(f"{_VERSION}/note", sheet_views.note, name="note"),
    path(f"{_VERSION}/findings", views.findings, name="findings"),
    path(_ENTRY, entry_views.entry, name="entry"),
    path(f"{_ENTRY}/lines/<str:path>/<str:name>.svg", entry_views.line, name="line"),
]
