"""The addresses of the product, with a form that somebody signs."""

from django.http import HttpRequest, HttpResponse
from django.urls import path

from openinfusion.web.accounts import signing
from openinfusion.web.urls import handler400, handler403, handler404, handler500
from openinfusion.web.urls import urlpatterns as product

__all__ = ["handler400", "handler403", "handler404", "handler500"]


def sign(request: HttpRequest) -> HttpResponse:
    """Say what was signed, and how the person showed that it is they."""
    if request.method != "POST":
        return HttpResponse("a form")
    evidence = signing.fresh(request, f"the change {request.POST['change']}")
    return HttpResponse(f"{request.POST['change']} signed with {evidence.method} {request.GET.get('tab', '')}")


urlpatterns = [path("sign", sign), *product]
