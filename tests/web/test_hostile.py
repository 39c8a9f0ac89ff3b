"""
Every page that a role can reach, found by following links and sending forms, holds against hostile text.

The walk knows no page: it starts at the front page as each role and goes where links and forms lead, so that a new page
is in it from its first day. Nothing may answer with a fault, and no text that was sent may come back as markup.
"""

from collections.abc import Iterator
from html.parser import HTMLParser
from typing import NamedTuple
from urllib.parse import urljoin, urlsplit

import pytest
from django.test import Client
from django.urls import URLPattern, URLResolver, get_resolver

from openinfusion.web import example

MARK = "<script>alert(1)</script>\"'>{{7*7}}"
HOSTILE = {
    "nothing": "",
    "markup": MARK,
    "a formula": "=1+cmd|'/c calc'!A0",
    "long": "\u00e9" * 30_000,
    "a huge number": "9" * 5_000,
    "directions": "\u202e\u0301\ud83d\ude00".encode("utf-16", "surrogatepass").decode("utf-16"),
}
MOST_PAGES = 40
ROLES = ("author", "checker", "informatics")
# Where a walk would end itself.
LEFT_OUT = ("/account/", "/static/", "/api/")


class Form(NamedTuple):
    """One form of a page: where it goes, how, and its fields."""

    action: str
    method: str
    fields: dict[str, str]
    texts: tuple[str, ...]


class Reader(HTMLParser):
    """Finds the links and forms of a page."""

    def __init__(self) -> None:
        super().__init__()
        self.links: list[str] = []
        self.forms: list[Form] = []
        self.is_open = False

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        said = {name: value or "" for name, value in attrs}
        if tag == "a" and said.get("href"):
            self.links.append(said["href"])
        elif tag == "form":
            self.forms.append(Form(said.get("action", ""), said.get("method", "get").lower(), {}, ()))
            self.is_open = True
        elif tag in {"input", "textarea", "select", "button"} and self.is_open and said.get("name"):
            self._add_field(tag, said)

    def _add_field(self, tag: str, said: dict[str, str]) -> None:
        form = self.forms[-1]
        form.fields[said["name"]] = said.get("value", "")
        is_text = tag == "textarea" or (tag == "input" and said.get("type", "text") in {"text", "search", "number"})
        if is_text or said.get("type") == "hidden":
            self.forms[-1] = form._replace(texts=(*form.texts, said["name"]))

    def handle_endtag(self, tag: str) -> None:
        self.is_open = self.is_open and tag != "form"


def read(content: bytes) -> Reader:
    made = Reader()
    made.feed(content.decode())
    return made


def is_page(response) -> bool:
    return response.get("Content-Type", "").startswith("text/html") and not response.streaming


def kind_of(path: str) -> str:
    """Return what tells a page from others of its kind: its address without names and numbers."""
    try:
        match = get_resolver().resolve(path)
    except Exception:  # noqa: BLE001 - an address that leads nowhere is a kind of its own
        return path
    return match.route


def walk(client: Client, start: str = "/") -> Iterator[tuple[str, Reader]]:
    """Yield one page of each kind that links lead to, each with what stands in it."""
    waiting, seen = [start], set()
    while waiting and len(seen) < MOST_PAGES:
        path = waiting.pop(0)
        kind = kind_of(urlsplit(path).path)
        if kind in seen or path.startswith(LEFT_OUT):
            continue
        seen.add(kind)
        response = client.get(path, follow=True)
        assert response.status_code < 500, path
        if not is_page(response):
            continue
        at = response.redirect_chain[-1][0] if response.redirect_chain else path
        page = read(response.content)
        yield at, page
        links = [urljoin(at, link) for link in page.links]
        waiting += [link.partition("#")[0] for link in links if link.startswith("/")]


def refuse_fault(response, what: str) -> None:
    """Fail where an answer is a fault, or gives back as markup what was sent as text."""
    assert response.status_code < 500, what
    if is_page(response):
        assert MARK.encode() not in response.content, what
        assert b"<script>alert" not in response.content, what
        assert b"Traceback" not in response.content, what


@pytest.mark.parametrize("role", ROLES)
def test_no_page_and_no_form_that_a_role_reaches_fails_on_hostile_text(signed_in, library, role):
    """Every form is sent empty and with each hostile text in every field of text; links lead to no fault."""
    client = signed_in(role)
    client.raise_request_exception = False
    found = 0
    for at, page in list(walk(client)):
        for form in page.forms:
            where = urljoin(at, form.action or at)
            if where.startswith(LEFT_OUT):
                continue
            found += 1
            for name, text in HOSTILE.items():
                said = form.fields | dict.fromkeys(form.texts, text)
                send = client.post if form.method == "post" else client.get
                refuse_fault(send(where, said, follow=False), f"{role}: {form.method} {where} with {name}")
    assert found or role == "reader"


STRANGE = ("%00", "..%2f..%2fetc", "x" * 3_000, "%F0%9F%92%89", "-1", "9" * 400, "%3Cscript%3E", "%ff")


def routes(resolver: URLResolver, before: str = "") -> Iterator[str]:
    """Yield the address of every route, with its parameters as they are named."""
    for one in resolver.url_patterns:
        here = before + str(one.pattern)
        if isinstance(one, URLPattern):
            yield here
        else:
            yield from routes(one, here)


def strange_addresses() -> list[str]:
    """Return every address with a parameter, each parameter strange in turn and the others as they should be."""
    right = {"organisation": example.TRUST, "library": example.LIBRARY, "number": "2"}
    made = []
    for route in routes(get_resolver()):
        if "<" not in route or "(?P" in route or route.startswith("account"):
            continue
        names = [part.partition(">")[0].rpartition(":")[2] for part in route.split("<")[1:]]
        for strange in STRANGE:
            as_it_is = {each: right.get(each, "1") for each in names}
            made += [_filled(route, as_it_is | {name: strange}) for name in names]
    return made


def _filled(route: str, values: dict[str, str]) -> str:
    parts = route.split("<")
    return (
        "/"
        + parts[0]
        + "".join(values[p.partition(">")[0].rpartition(":")[2]] + p.partition(">")[2] for p in parts[1:])
    )


def test_no_strange_address_is_a_fault(signed_in, library):
    """Whatever stands for a name or a number in an address: no such page, or not readable; never a fault."""
    client = signed_in("author")
    client.raise_request_exception = False
    addresses = strange_addresses()
    assert len(addresses) > 100
    for address in addresses:
        refuse_fault(client.get(address), address)


def test_the_character_nul_is_refused_in_words(signed_in, library):
    """PostgreSQL cannot hold it: in an address, a search or a form it is 400, and nothing is kept."""
    client = signed_in("author")
    title = {"library": "adult", "title": "a\0b", "trigger": "incident", "urgency": "routine"}
    for response in (
        client.get("/example-trust/libraries/adult/2/entries/a%00b"),
        client.get("/example-trust/libraries/adult/2", {"q": "a\0b"}),
        client.post("/example-trust/changes/new", title),
    ):
        assert response.status_code == 400
        assert "cannot be read" in response.content.decode()
