"""What people do at figures: notes, detail with a reason, views and mails, files to take along."""

import csv
import io
from datetime import UTC, datetime, timedelta
from smtplib import SMTPException

import polars as pl
import pytest
from django.core import mail

from openinfusion.lake.charted import CHARTED
from openinfusion.web import example
from openinfusion.web.audit.models import AuditRow
from openinfusion.web.insight.mail import due_on, send_due
from openinfusion.web.insight.models import ChartNote, Opening, SavedView, Subscription
from tests.month_log import OTHER
from tests.web.insight_lake import MARCH, make_lake, name_lake, reading

HOME = f"/{example.TRUST}/insight/"
CHART = "charts/alerts-per-100"
RECORDS = f"figures/alerts-per-100/records?{MARCH}"
OPEN = f"{HOME}figures/alerts-per-100/open?{MARCH}"
PUMP, SECOND = "P1-i", "12:30:00"


@pytest.fixture(scope="module")
def lake(tmp_path_factory):
    return make_lake(tmp_path_factory.mktemp("insight"))


@pytest.fixture
def client(signed_in, tmp_path, lake, monkeypatch):
    """Sign somebody in at a place with a lake."""
    name_lake(monkeypatch, tmp_path, lake)
    return signed_in


def last_row() -> AuditRow:
    return AuditRow.objects.order_by("-seq").first()


def test_a_note_stands_on_its_chart_and_in_the_audit_record(client):
    """Given a note of the medication safety officer, every reader of the chart sees it, and who wrote it."""
    said = {"on": "2026-03-04", "words": "Ward 4 moved"}
    assert client("mso").post(f"{HOME}{CHART}/notes", said).status_code == 302
    assert "Ward 4 moved" in reading(client("trainer"))(CHART)
    assert "Ward 4 moved" not in reading(client("trainer"))("charts/override-rate")
    assert (last_row().action, last_row().reason) == ("write a note on charts", "Ward 4 moved")
    note = ChartNote.objects.get()
    assert client("mso").post(f"{HOME}{CHART}/notes/{note.pk}/down").status_code == 302
    assert "Ward 4 moved" not in reading(client("trainer"))(CHART)
    assert last_row().action == "take a note down from charts"


def test_a_note_without_a_day_is_refused_at_its_field(client):
    """Nothing is kept of it."""
    answer = client("mso").post(f"{HOME}{CHART}/notes", {"words": "x"})
    assert answer.status_code == 422
    assert "Enter the day" in answer.content.decode()
    assert not ChartNote.objects.exists()


def test_without_the_right_nobody_writes_on_charts(client):
    """A trainer reads."""
    assert client("trainer").post(f"{HOME}{CHART}/notes", {"on": "2026-03-04", "words": "x"}).status_code == 403


def test_which_pump_and_when_is_shown_by_duty_or_behind_the_glass(client):
    """The safety officer sees it; a trainer must say why, for half an hour, and that stays in the audit record."""
    assert PUMP in reading(client("mso"))(RECORDS)
    read = reading(client("trainer"))
    shut = read(RECORDS)
    assert PUMP not in shut
    assert SECOND not in shut
    assert client("trainer").post(OPEN, {"reason": "too short"}).status_code == 422
    assert not Opening.objects.exists()
    reason = "An incident on the ward, WEB-4711"
    assert client("trainer").post(OPEN, {"reason": reason}).status_code == 302
    assert PUMP in read(RECORDS)
    assert (last_row().action, last_row().reason) == ("break the glass", reason)
    Opening.objects.update(until=datetime(2026, 1, 1, tzinfo=UTC))
    assert PUMP not in read(RECORDS)


def test_who_may_not_break_the_glass(client):
    """An engineer sees figures, and no pump behind them."""
    assert client("engineer").post(OPEN, {"reason": "I am curious about it"}).status_code == 403


@pytest.mark.parametrize("where", ["charts/alerts-per-100", "figures/alerts-per-100"])
def test_a_table_says_what_it_is(client, where):
    """Definition, period, filter and the age of the data are in the file; a spreadsheet runs none of its cells."""
    answer = client("trainer").get(f"{HOME}{where}/file.csv?{MARCH}&drug=morphine")
    text = answer.content.decode("utf-8-sig")
    for word in ("definition", "period", "events up to", "filter,morphine", "not for clinical use", "37.5"):
        assert word in text, text
    assert not [line for line in text.splitlines() if line.startswith(("=", "+", "@"))]


def test_a_cell_that_a_spreadsheet_would_run_is_made_text(client):
    """A filter is what somebody typed."""
    answer = client("trainer").get(f"{HOME}figures/alerts-per-100/file.csv?{MARCH}&drug==1%2B1")
    assert "filter,'=1+1" in answer.content.decode("utf-8-sig")


def test_parquet_holds_the_numbers_and_their_meaning(client):
    """The counts are whole numbers; the definition is in the metadata."""
    content = client("trainer").get(f"{HOME}figures/alerts-per-100/file.parquet?{MARCH}").content
    table = pl.read_parquet(io.BytesIO(content))
    assert table.select("numerator", "denominator").rows() == [(3, 10)]
    assert "Alerts per 100 infusions started" in pl.read_parquet_metadata(io.BytesIO(content))["definition"]


@pytest.mark.parametrize("slug", [slug for slug, one in CHARTED.items() if not one.keys])
def test_the_unit_of_a_chart_is_that_of_its_values(client, slug):
    """A rate per 100 is not said to be a fraction: the values of a chart are multiplied."""
    content = client("trainer").get(f"{HOME}charts/{slug}/file.csv?{MARCH}").content.decode()
    assert ["unit", CHARTED[slug].unit] in list(csv.reader(io.StringIO(content)))


def test_of_what_has_no_figures_there_is_a_table_and_no_picture(client):
    """An empty table says what it is about; a picture of nothing is not made."""
    nothing = f"?{MARCH}&drug=none-such"
    content = client("trainer").get(f"{HOME}charts/alerts-per-100/file.csv{nothing}").content.decode()
    assert list(csv.reader(io.StringIO(content)))[-1][:3] == ["week", "numerator", "denominator"]
    page = client("trainer").get(f"{HOME}charts/alerts-per-100{nothing}").content.decode()
    assert "file.csv" in page
    for form in ("png", "pdf"):
        assert f"file.{form}" not in page
        assert client("trainer").get(f"{HOME}charts/alerts-per-100/file.{form}{nothing}").status_code == 404


@pytest.mark.parametrize(("form", "start"), [("png", b"\x89PNG"), ("pdf", b"%PDF")])
def test_pictures(client, form, start):
    """A chart and a figure can be put into a report, and their pages lead there."""
    assert f"file.{form}" in client("trainer").get(f"{HOME}charts/alerts-per-100?{MARCH}").content.decode()
    for where in ("charts/alerts-per-100", "figures/alert-outcomes"):
        assert client("trainer").get(f"{HOME}{where}/file.{form}?{MARCH}").content.startswith(start)


def test_what_is_no_form_is_not_found(client):
    """Nothing else is written than the four."""
    for where in ("charts/alerts-per-100/file.exe", "charts/none/file.csv", "figures/alert-rate/file.csv?by=user"):
        assert client("trainer").get(f"{HOME}{where}").status_code == 404


@pytest.fixture
def view(client) -> SavedView:
    """A view of alerts per week on morphine, which a trainer saved."""
    said = {"name": "Morphine", "page": CHART, "query": "drug=morphine&month=2026-03&user=x"}
    assert client("trainer").post(f"{HOME}views", said).status_code == 302
    return SavedView.objects.get()


def test_a_view_keeps_its_filter_and_no_month(view, client):
    """It comes again with newer figures; what is no filter is left out; nobody else sees it."""
    assert (view.page, view.query) == (CHART, "drug=morphine")
    assert "Morphine" in reading(client("trainer"))("views")
    assert "Morphine" not in reading(client("mso"))("views")
    assert client("mso").post(f"{HOME}views/{view.pk}/forget").status_code == 404


def test_what_is_no_page_is_not_saved(client):
    """An address elsewhere is no view."""
    said = {"name": "x", "page": "//example.org", "query": ""}
    assert client("trainer").post(f"{HOME}views", said).status_code == 400
    assert client("trainer").post(f"{HOME}views", {"page": CHART}).status_code == 422


MONDAY = datetime(2026, 11, 30, 7, tzinfo=UTC)


def subscribed(view: SavedView, client, every: str = "week") -> Subscription:
    assert client("trainer").post(f"{HOME}views/{view.pk}/mail", {"every": every}).status_code == 302
    Subscription.objects.update(begun_at=MONDAY - timedelta(days=3))
    return Subscription.objects.get()


def test_a_view_is_mailed_each_monday_once(view, client):
    """Figures, the table, the picture, and how to end it; a second look on the same day sends nothing."""
    subscribed(view, client)
    assert [send_due(MONDAY), send_due(MONDAY + timedelta(hours=1))] == [1, 0]
    (sent,) = mail.outbox
    assert sent.to == ["trainer@example.org"]
    assert "NOT FOR CLINICAL USE" in sent.body
    assert "Only: morphine" in sent.body
    assert "unsubscribe" in sent.extra_headers["List-Unsubscribe"]
    assert [name for name, _, _ in sent.attachments] == ["alerts-per-100-2026-03.csv", "alerts-per-100-2026-03.png"]
    assert OTHER not in sent.body
    assert send_due(MONDAY + timedelta(days=7)) == 1


def test_a_figure_is_mailed_parted_as_it_was_saved(client):
    """Who saved it by care area is sent the rows of care areas."""
    said = {"name": "By area", "page": "figures/alert-rate", "query": "by=care_area"}
    assert client("trainer").post(f"{HOME}views", said).status_code == 302
    subscribed(SavedView.objects.get(), client)
    assert send_due(MONDAY) == 1
    ((name, content, _),) = mail.outbox[0].attachments
    assert name.startswith("alert-rate-care-area-")
    assert "care_area,numerator" in str(content)


def test_who_may_not_see_figures_any_more_is_sent_none(view, client, person):
    """A duty that ended ends its mails."""
    subscribed(view, client)
    person("trainer").held.update(ended_at=MONDAY - timedelta(days=1))
    assert send_due(MONDAY) == 0
    assert mail.outbox == []


@pytest.mark.parametrize("fault", [OSError, SMTPException, ZeroDivisionError])
def test_a_mail_that_could_not_be_sent_is_sent_later(view, client, monkeypatch, caplog, fault):
    """A server that is away for a day, or a fault of ours, costs nobody a mail, and the log names nobody."""
    subscribed(view, client)

    def broken(*_: object) -> None:
        raise fault("trainer@example.org is not known")

    with monkeypatch.context() as away:
        away.setattr("django.core.mail.EmailMultiAlternatives.send", broken)
        assert send_due(MONDAY) == 0
    assert fault.__name__ in caplog.text
    assert "trainer@" not in caplog.text
    assert send_due(MONDAY + timedelta(hours=1)) == 1


def test_a_month_is_sent_on_its_first_day(view, client):
    """Not before, and not twice."""
    one = subscribed(view, client, "month")
    assert due_on(one, MONDAY.date()) is None
    assert due_on(one, datetime(2026, 12, 1, tzinfo=UTC).date()) is not None


def test_mails_end_by_their_link_without_signing_in(view, client):
    """Looking at the link ends nothing: programs that check mails follow it."""
    one = subscribed(view, client)
    stranger = client("reader")
    stranger.logout()
    address = f"{HOME}unsubscribe/{one.token}"
    assert "End these mails" in stranger.get(address).content.decode()
    assert Subscription.objects.exists()
    assert "They have ended" in stranger.post(address).content.decode()
    assert not Subscription.objects.exists()
    assert last_row().action == "end a subscription to figures"
    assert stranger.get(f"{HOME}unsubscribe/none").status_code == 200
