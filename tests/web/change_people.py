"""The people of the example trust, who take a change request through its steps by the pages' own forms."""

import re
from collections.abc import Callable
from html import unescape

from django.http import HttpResponse
from django.test import Client

from openinfusion.web import example

HERE = "/example-trust/changes"
ARTEFACTS = ("guideline", "epma", "labels", "stock", "sop", "training")


def text_of(page: HttpResponse) -> str:
    """Return what a page says, without its marks."""
    return " ".join(unescape(re.sub(r"<[^>]+>", " ", page.content.decode())).split())


class People:
    """Each of them in a browser of their own, by the name before the @ of their address."""

    def __init__(self, signed_in: Callable[[str], Client], reference: str) -> None:
        self._signed_in, self._clients = signed_in, dict[str, Client]()
        self.address = f"{HERE}/{reference}"

    def client(self, name: str) -> Client:
        """Return somebody's browser."""
        if name not in self._clients:
            self._clients[name] = self._signed_in(name)
        return self._clients[name]

    def page(self, name: str, where: str = "") -> str:
        """Return what somebody reads on a page of the change."""
        return text_of(self.client(name).get(self.address + where))

    def does(self, name: str, where: str, **said: str) -> HttpResponse:
        """Send a form, and return the answer."""
        return self.client(name).post(f"{self.address}/{where}", said)

    def done(self, name: str, where: str, **said: str) -> None:
        """Send a form that is taken; where it is a signature, show by the password who it is."""
        sent = self.does(name, where, **said)
        assert sent.status_code == 302, text_of(sent)
        if "reauthenticate" in sent["location"]:
            hidden = self.client(name).get(sent["location"]).content.decode()
            shown = dict(re.findall(r'type="hidden" name="(next)" value="([^"]+)"', hidden))
            answer = self.client(name).post(sent["location"].partition("?")[0], shown | {"password": example.PASSWORD})
            assert answer.status_code == 302, text_of(answer)

    def moves(self, name: str, to: str, reason: str = "As agreed.") -> None:
        """Take the change to a stage."""
        self.done(name, f"move/{to}", reason=reason)

    def refused(self, name: str, where: str, **said: str) -> str:
        """Send a form that is refused, and return what the page says."""
        sent = self.does(name, where, **said)
        assert sent.status_code in (403, 422), sent.status_code
        return text_of(sent)

    def records(self, name: str, **needs: str) -> None:
        """Record what a step needs, in words."""
        for need, text in needs.items():
            self.done(name, f"record/{need}", text=text)


def write_in_full(people: People) -> None:
    """The author says why, from where and for whom."""
    people.done(
        "author",
        "words",
        title="A lower soft maximum",
        trigger="guideline",
        urgency="routine",
        rationale="The new guideline is lower.",
        sources="Guideline of the example, page 3",
        patient_group="Adults",
        hazard_ids="LC-02",
        risk_before="3",
        risk_after="2",
        rollback_plan="Release the version before again.",
    )


def declare_everything(people: People, *, hazards: tuple[str, ...] = ("LC-02",), is_typed: bool = False) -> None:
    """Each holder of a gate declares that it holds; what is typed into an editor is read back, not declared."""
    told = {"reason": "Looked at today.", "evidence": "Minutes of 29-Nov-2026"}
    for one in hazards:
        people.done("cso", f"gates/hazard {one}", residual="2", **told)
    people.done("cso", "gates/log_approved_for", answer="yes", **told)
    people.done("cso", "gates/discrepancies_without_hazard", lines="", **told)
    if not is_typed:
        people.done("author", "gates/not_typed", answer="yes", **told)
    people.done("author", "gates/models_not_passed", lines="", **told)
    people.done("trainer", "gates/training_below", lines="", **told)
    people.done("engineer", "gates/rollback_archived", answer="yes", **told)
    people.done("mdso", "gates/advice_open", lines="", **told)
    people.done("mso", "gates/monitoring_set", answer="yes", **told)
