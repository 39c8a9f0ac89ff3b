"""People of an organisation."""

from django.apps import AppConfig


class People(AppConfig):
    """Accounts made for others, duties given and ended; it also listens to who signs in."""

    name = "openinfusion.web.people"
    label = "people"

    def ready(self) -> None:
        """Begin to listen."""
        from openinfusion.web.people import listening  # noqa: F401, PLC0415 - models are ready only now
