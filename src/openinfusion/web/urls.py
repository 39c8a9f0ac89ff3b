"""Every address of the web application."""

from django.urls import include, path

from openinfusion.web.api.v1 import api
from openinfusion.web.design import views as design
from openinfusion.web.people import views as people

urlpatterns = [
    path("api/v1/", api.urls),
    path("<slug:organisation>/tokens/", include("openinfusion.web.api.urls")),
    path("health", design.health, name="health"),
    path("account/me", people.me, name="me"),
    path("account/", include("openinfusion.web.accounts.urls")),
    path("<slug:organisation>/consensus/", include("openinfusion.web.consensus.urls")),
    path("<slug:organisation>/audit/", include("openinfusion.web.audit.urls")),
    path("<slug:organisation>/changes/", include("openinfusion.web.changes.urls")),
    path("<slug:organisation>/claims/", include("openinfusion.web.claims.urls")),
    path("<slug:organisation>/drafts/", include("openinfusion.web.drafts.urls")),
    path("<slug:organisation>/fleet/", include("openinfusion.web.fleet.urls")),
    path("<slug:organisation>/insight/", include("openinfusion.web.insight.urls")),
    path("<slug:organisation>/it-health/", include("openinfusion.web.health.urls")),
    path("<slug:organisation>/network/", include("openinfusion.web.network.urls")),
    path("<slug:organisation>/national/", include("openinfusion.web.national.urls")),
    path("<slug:organisation>/rollouts/", include("openinfusion.web.rollouts.urls")),
    path("<slug:organisation>/workbench/", include("openinfusion.web.workbench.urls")),
    path("", include("openinfusion.web.imports.urls")),
    path("", include("openinfusion.web.library.urls")),
    path("", include("openinfusion.web.people.urls")),
]

handler400 = "openinfusion.web.design.views.bad_request"
handler403 = "openinfusion.web.design.views.forbidden"
handler404 = "openinfusion.web.design.views.not_found"
handler500 = "openinfusion.web.design.views.broken"
