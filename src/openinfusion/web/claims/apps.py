"""Status files of vendors in the browser."""

from django.apps import AppConfig


class Claims(AppConfig):
    """What vendors' servers say of pumps, beside what the pumps have proven."""

    name = "openinfusion.web.claims"
    label = "claims"
