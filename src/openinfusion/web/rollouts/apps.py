"""Roll-outs in the browser."""

from django.apps import AppConfig


class Rollouts(AppConfig):
    """Plans of roll-outs, and what people say of one that goes on."""

    name = "openinfusion.web.rollouts"
    label = "rollouts"
