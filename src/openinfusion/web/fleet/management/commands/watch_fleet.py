"""Watches the fleet beside the web application: opens and closes the work on pumps as they prove, or fall silent."""

import logging
import time

from django.core.management.base import BaseCommand, CommandParser
from django.db import close_old_connections
from django.utils import timezone

from openinfusion.core.errors import OpenInfusionError
from openinfusion.web.accounts.models import Organisation
from openinfusion.web.fleet.desk import keep_up
from openinfusion.web.fleet.watch import held, why_none

_log = logging.getLogger("openinfusion.web.fleet")


class Command(BaseCommand):
    """Look again and again, until ended."""

    help = "Open and close the work on pumps as they prove, or fall silent."

    def add_arguments(self, parser: CommandParser) -> None:
        """Take how long to wait between two looks."""
        parser.add_argument("--interval", type=float, default=2.0, help="seconds between two looks")
        parser.add_argument("--once", action="store_true", help="look once and end")

    def handle(self, *_args: object, interval: float, once: bool, **_options: object) -> None:
        """Look; what cannot be read now may be read later."""
        if why_none() is not None:
            return
        while True:
            try:
                watched = held()
                for organisation in Organisation.objects.all():
                    keep_up(organisation, watched, at=timezone.now())
            except OpenInfusionError as error:
                _log.warning("the fleet cannot be read: %s", error)
            if once:
                return
            close_old_connections()
            time.sleep(interval)
