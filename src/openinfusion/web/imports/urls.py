"""Addresses of imports and read-backs."""

from django.urls import path

from openinfusion.web.imports import confirm_views, export_views, layout_views, read_back_views, views

app_name = "imports"
urlpatterns = [
    path("<slug:organisation>/imports", views.imports, name="imports"),
    path("<slug:organisation>/imports/<int:number>", views.upload, name="upload"),
    path("<slug:organisation>/imports/<int:number>/again", views.again, name="again"),
    path("<slug:organisation>/imports/<int:number>/layout", views.layout, name="layout"),
    path("<slug:organisation>/imports/<int:number>/confirm", confirm_views.confirm, name="confirm"),
    path("<slug:organisation>/imports/<int:number>/columns", layout_views.columns, name="columns"),
    path("<slug:organisation>/imports/<int:number>/text", layout_views.text, name="text"),
    path("<slug:organisation>/imports/layouts/<int:layout>.toml", layout_views.layout_file, name="layout_file"),
    path(
        "<slug:organisation>/libraries/<slug:library>/<int:number>/read-backs",
        read_back_views.read_backs,
        name="read_backs",
    ),
    path("<slug:organisation>/read-backs/<int:number>", read_back_views.read_back, name="read_back"),
    path(
        "<slug:organisation>/read-backs/<int:number>/layout", read_back_views.read_back_layout, name="read_back_layout"
    ),
    path(
        "<slug:organisation>/read-backs/<int:number>/confirm",
        read_back_views.read_back_confirm,
        name="read_back_confirm",
    ),
    path(
        "<slug:organisation>/read-backs/<int:number>/differences.<str:form>",
        export_views.differences,
        name="differences",
    ),
    path(
        "<slug:organisation>/libraries/<slug:library>/<int:number>/export.<str:form>",
        export_views.entries,
        name="export",
    ),
]
