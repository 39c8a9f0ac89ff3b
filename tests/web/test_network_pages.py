"""The network survey: what people tested, beside the pumps that fell silent there."""

import re
from dataclasses import replace
from datetime import date

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile

from openinfusion.core.errors import OpenInfusionError
from openinfusion.web.audit.models import AuditRow
from openinfusion.web.fleet.watch import _held
from openinfusion.web.network.models import PlaceTest
from openinfusion.web.network.reading import read_survey
from tests.web.change_people import text_of
from tests.web.fleet_bench import TRUST, FleetBench

HERE = f"/{TRUST}/network/"
HEADER = "ward,bed_space,kind,name,result,tested_on,note\n"
TODAY = date(2026, 11, 29)
SURVEY = HEADER + "ward-7,bed 1,port,dead,dead,2026-11-20,no link\nward-1,,port,p-1,works,2026-11-20,\n"


@pytest.fixture(scope="module")
def bench(tmp_path_factory) -> FleetBench:
    """Three pumps silent at one port, one that is heard at another."""
    made = FleetBench(tmp_path_factory.mktemp("network"))
    made.release("1.0.0", "rest", days_ago=9)
    for serial in ("S1", "S2", "S3"):
        made.report(made.know(serial), 1, hours_ago=100, ward="ward-7", port="dead")
    made.report(made.know("C1"), 1, hours_ago=1)
    return made


@pytest.fixture
def place(bench, settings) -> FleetBench:
    settings.PLACE = replace(settings.PLACE, devices=bench.config)
    yield bench
    _held.cache_clear()


def hand_in(client, text: str):
    return client.post(f"{HERE}upload", {"file": SimpleUploadedFile("survey.csv", text.encode())})


def test_a_silent_place_is_listed_before_anybody_tested_it(place, signed_in):
    """With the pumps that were last seen there."""
    page = text_of(signed_in("champion").get(HERE))
    assert "port dead ward-7 not tested – 3 3 pumps" in page
    assert "No port or access point was found dead." in page


def test_the_menu_says_that_it_is_a_page_about_pumps(place, signed_in):
    """As of every page about pumps, though its address begins otherwise."""
    page = signed_in("champion").get(HERE).content.decode()
    assert re.findall(r'aria-current="true">([^<]+)', page)[0] == "Pumps"


def test_a_dead_port_is_linked_to_the_pumps_it_silences_and_to_the_work(place, signed_in):
    """Counted by hand: three pumps, one port."""
    assert hand_in(signed_in("engineer"), SURVEY).status_code == 302
    answer = signed_in("champion").get(HERE)
    assert "1 place was found dead; 3 pumps last seen there are silent." in text_of(answer)
    html = answer.content.decode()
    assert f"/{TRUST}/fleet/work?port=dead" in html
    assert f"/{TRUST}/fleet/pumps/urn:pump:acme:S1" in html
    assert html.index("port dead") < html.index("port p-1")
    assert AuditRow.objects.filter(action="keep a network survey", object="survey.csv").count() == 1


def test_the_newest_test_counts_and_the_others_stay(place, signed_in):
    """A port that was mended is dead no more."""
    hand_in(signed_in("engineer"), SURVEY)
    typed = {"ward": "ward-7", "kind": "port", "name": "dead", "result": "works", "tested_on": "2026-11-21"}
    assert signed_in("engineer").post(f"{HERE}enter", typed).status_code == 302
    assert "No port or access point was found dead." in text_of(signed_in("champion").get(HERE))
    assert PlaceTest.objects.filter(name="dead").count() == 2


@pytest.mark.parametrize(
    ("row", "said"),
    [
        ("ward-7,,socket,a,dead,2026-11-20,", "row 3, kind: found socket; expected port, access point"),
        ("ward-7,,port,,dead,2026-11-20,", "row 3, name: found nothing"),
        ("ward-7,,port,a,broken,2026-11-20,", "row 3, result: found broken; expected works, weak, dead"),
        ("ward-7,,port,a,dead,20/11/2026,", "row 3, tested_on: found 20/11/2026"),
        ("ward-7,,port,a,dead,2999-01-01,", "expected a day that has been"),
    ],
)
def test_a_row_that_cannot_be_read_is_named_and_no_row_is_kept(place, signed_in, row, said):
    """So that no half of a survey counts."""
    sent = hand_in(signed_in("engineer"), HEADER + "ward-1,,port,p-1,works,2026-11-20,\n" + row + "\n")
    assert sent.status_code == 422
    assert said in text_of(sent)
    assert not PlaceTest.objects.exists()


@pytest.mark.parametrize("content", [b"", b"\xff\xfe\x00", b"ward,name\na,b\n", b'"' * 9, HEADER.encode()])
def test_what_is_no_survey_is_refused(content):
    """In words."""
    with pytest.raises(OpenInfusionError):
        read_survey(content, "survey.csv", today=TODAY)


def test_only_who_distributes_releases_enters_tests(place, signed_in):
    """Everybody who sees pumps sees the survey."""
    assert hand_in(signed_in("mso"), SURVEY).status_code == 403
    assert signed_in("reader").get(HERE).status_code == 403
