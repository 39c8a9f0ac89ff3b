"""Acting in a place as its people do, by the pages' own forms: who, and at which moment."""

import itertools
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from unittest import mock

from django.test import Client

from openinfusion.web.accounts.models import User


def client_of(name: str) -> Client:
    """Return a browser without a window, in which a person of the example has signed in."""
    client = Client(SERVER_NAME="127.0.0.1")
    person = User.objects.get(email=f"{name}@example.org")
    client.force_login(person, backend="allauth.account.auth_backends.AuthenticationBackend")
    return client


@contextmanager
def each_look_a_second_later(begin: datetime) -> Iterator[None]:
    """Let the time of the pages go on by a second at each look, from one moment on, so that pictures stay the same."""
    looks = (begin + timedelta(seconds=number) for number in itertools.count())
    with mock.patch("django.utils.timezone.now", side_effect=looks):
        yield
