"""Addresses of change requests."""

from django.urls import path

from openinfusion.web.changes import answer_views, check_views, read_back_views, record_views, release_views, views

app_name = "changes"
urlpatterns = [
    path("", views.changes, name="changes"),
    path("in-force", answer_views.in_force, name="in_force"),
    path("new", views.propose, name="propose"),
    path("<str:reference>", views.change, name="change"),
    path("<str:reference>/area", record_views.review, name="review"),
    path("<str:reference>/artefact", record_views.link, name="link"),
    path("<str:reference>/check", check_views.check, name="check"),
    path("<str:reference>/class", record_views.raise_class, name="class"),
    path("<str:reference>/comment", views.comment, name="comment"),
    path("<str:reference>/evidence", record_views.file_evidence, name="evidence"),
    path("<str:reference>/file", release_views.file, name="file"),
    path("<str:reference>/gates", release_views.gates, name="gates"),
    path("<str:reference>/gates/<str:subject>", release_views.declare, name="declare"),
    path("<str:reference>/hand-over", release_views.hand, name="hand"),
    path("<str:reference>/move/<str:to>", views.take_step, name="step"),
    path("<str:reference>/objection", record_views.settle, name="settle"),
    path("<str:reference>/read-backs", read_back_views.read_backs, name="read_backs"),
    path("<str:reference>/read-backs/<int:number>", read_back_views.read_back, name="read_back"),
    path(
        "<str:reference>/read-backs/<int:number>/differences.<str:form>",
        read_back_views.read_back_file,
        name="read_back_file",
    ),
    path("<str:reference>/record/<str:need>", record_views.record, name="record"),
    path("<str:reference>/refresh", record_views.refresh, name="refresh"),
    path("<str:reference>/replay", record_views.replay, name="replay"),
    path("<str:reference>/test", record_views.test, name="test"),
    path("<str:reference>/words", record_views.written, name="written"),
]
