"""What a posted form says, as plain text."""

from django.http import HttpRequest

_NOT_SAID = frozenset({"csrfmiddlewaretoken", "seen", "form"})
_LONGEST_REVISION = 9


def said_of(request: HttpRequest) -> dict[str, str]:
    """Return what stands in the fields, with the line ends of one kind."""
    said = ((key, str(value)) for key, value in request.POST.items() if key not in _NOT_SAID and value)
    return {key: value.replace("\r\n", "\n") for key, value in said}


def seen_of(request: HttpRequest) -> int:
    """Return the revision that the editor had before them; 0 where the form says none."""
    said = request.POST.get("seen", "")
    return int(said) if said.isascii() and said.isdecimal() and len(said) <= _LONGEST_REVISION else 0
