"""What the server of ``openinfusion serve`` runs."""

import os
from typing import cast

from django.core.wsgi import get_wsgi_application
from django.template import engines
from django.template.backends.jinja2 import Jinja2
from django.urls import get_resolver

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "openinfusion.web.settings")


def warm() -> None:
    """Load every page and compile its templates, so that not whoever comes first to a worker waits seconds for it."""
    get_resolver().url_patterns  # noqa: B018 - a property that imports what answers
    pages = cast("Jinja2", engines["jinja2"]).env
    for name in pages.list_templates(extensions=["jinja"]):
        pages.get_template(name)


application = get_wsgi_application()
warm()
