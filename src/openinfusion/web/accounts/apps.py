"""Accounts and duties."""

from django.apps import AppConfig


class Accounts(AppConfig):
    """People and what they may do."""

    name = "openinfusion.web.accounts"
    label = "accounts"
