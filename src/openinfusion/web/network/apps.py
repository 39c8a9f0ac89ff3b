"""The network survey in the browser."""

from django.apps import AppConfig


class Network(AppConfig):
    """Ports and access points, and the pumps that dead ones silence."""

    name = "openinfusion.web.network"
    label = "network"
