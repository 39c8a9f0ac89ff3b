"""The templates' environment: the NHS design system's macros, and an undefined value that fails when printed."""

import re
from collections.abc import Callable
from fractions import Fraction
from typing import Any, NoReturn

from django.core.exceptions import NON_FIELD_ERRORS
from django.forms import BaseForm
from django.templatetags.static import static
from django.urls import reverse
from django.utils import timezone
from jinja2 import ChainableUndefined, ChoiceLoader, Environment, PackageLoader, Undefined
from markupsafe import Markup, escape

from openinfusion import __version__
from openinfusion.core.numbers import show_number
from openinfusion.core.wording import counted


class Missing(ChainableUndefined):
    """The components ask for what is not there and go on; to print it is a fault of the page."""

    def __str__(self) -> NoReturn:
        Undefined._fail_with_undefined_error(self)  # noqa: SLF001 - what jinja2 offers for exactly this
        raise AssertionError

    def __html__(self) -> str:
        return str(self)


def environment(**options: Any) -> Environment:  # noqa: ANN401 - Django hands on what jinja2 takes
    """Return the environment that Django asks for, with the components after our own templates."""
    options["undefined"] = Missing
    options["trim_blocks"] = options["lstrip_blocks"] = True
    made = Environment(autoescape=True, **{key: value for key, value in options.items() if key != "autoescape"})
    if made.loader is not None:
        made.loader = ChoiceLoader([made.loader, PackageLoader("nhsuk_frontend_jinja")])
    made.globals.update(static=static, url=_url, counted=counted, faults_of=faults_of, software=__version__)
    made.filters.update(_FILTERS)
    return made


def faults_of(form: BaseForm) -> list[dict[str, str]]:
    """Return what a form refused, each with the field to go to."""
    return [
        {"text": str(text), "href": f"#id_{field}" if field != NON_FIELD_ERRORS else "#maincontent"}
        for field, texts in form.errors.items()
        for text in texts
    ]


def _url(name: str, *parts: object, **named: object) -> str:
    return reverse(name, args=parts or None, kwargs=named or None)


def _day(moment: Any) -> str:  # noqa: ANN401 - a date or a datetime
    """29-Nov-2026, as the display rules ask."""
    return f"{moment:%d-%b-%Y}"


def _time(moment: Any) -> str:  # noqa: ANN401 - a datetime
    """29-Nov-2026 14:05, in the local time that the page names."""
    return f"{timezone.localtime(moment):%d-%b-%Y %H:%M}"


def _clock(moment: Any) -> str:  # noqa: ANN401 - a datetime
    """14:05, 29-Nov-2026: as of when something is, the time first."""
    return f"{timezone.localtime(moment):%H:%M, %d-%b-%Y}"


def _amount(number: Fraction | None) -> str:
    """7.5, exactly; a dash where there is none."""
    return "–" if number is None else show_number(number)


def _unbroken(text: object) -> Markup:
    """Return a text in which no number is parted from its unit by the end of a line."""
    return Markup(_AMOUNT.sub(r'<span class="oi-amount">\g<0></span>', str(escape(text))))  # noqa: S704 - escaped here


_AMOUNT = re.compile(r"[0-9][0-9,.]* [A-Za-z%][A-Za-z0-9%]*(?:/[A-Za-z0-9]+)*")
_FILTERS: dict[str, Callable[..., str]] = {
    "amount": _amount,
    "clock": _clock,
    "day": _day,
    "number": show_number,
    "time": _time,
    "unbroken": _unbroken,
}
