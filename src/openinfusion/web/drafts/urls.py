"""Addresses of drafts, each under the change request that it belongs to."""

from django.urls import path

from openinfusion.web.drafts import accept_views, bulk_views, entry_views, master_views, moving_views, views

app_name = "drafts"
urlpatterns = [
    path("<str:reference>", views.draft, name="draft"),
    path("<str:reference>/put-back/<str:part>/<str:item>", views.put_back, name="put_back"),
    path("<str:reference>/take-out/<str:part>/<str:item>", views.take_out, name="take_out"),
    path("<str:reference>/entries/new", entry_views.edit, {"item": "new"}, name="new_entry"),
    path("<str:reference>/entries/<str:item>", entry_views.edit, name="entry"),
    path("<str:reference>/entries/<str:item>/check", entry_views.check, name="check"),
    path("<str:reference>/entries/<str:item>/present", entry_views.present, name="present"),
    path("<str:reference>/entries/<str:item>/forget", entry_views.forget, name="forget"),
    path("<str:reference>/entries/<str:item>/merge", entry_views.merge, name="merge"),
    path("<str:reference>/findings", accept_views.findings, name="findings"),
    path("<str:reference>/findings/accept", accept_views.accept, name="accept"),
    path("<str:reference>/findings/accept-kinds", accept_views.accept_kinds, name="accept_kinds"),
    path("<str:reference>/findings/<int:number>/take-back", accept_views.take_back, name="take_back"),
    path("<str:reference>/newest", moving_views.newest, name="newest"),
    path("<str:reference>/masters/<str:kind>", master_views.masters, name="masters"),
    path("<str:reference>/masters/<str:kind>/<str:item>", master_views.edit, name="master"),
    path("<str:reference>/bulk", bulk_views.choose, name="bulk"),
    path("<str:reference>/bulk/preview", bulk_views.preview, name="bulk_preview"),
    path("<str:reference>/bulk/apply", bulk_views.apply, name="bulk_apply"),
    path("<str:reference>/bulk/<int:number>/undo", bulk_views.undo, name="bulk_undo"),
]
