"""Pages of change requests, asked for without a browser."""

from openinfusion.web.changes.models import Change


def test_a_clinical_person_opens_a_request_and_sees_whose_the_next_step_is(signed_in, library):
    """The page names who may go on."""
    client = signed_in("champion")
    said = {"library": "adult", "title": "A wider limit", "trigger": "incident", "urgency": "routine"}
    response = client.post("/example-trust/changes/new", said)
    assert response.status_code == 302, response.content.decode()
    page = client.get(response["location"]).content.decode()
    assert "A wider limit" in page
    assert "What is next" in page
    assert "Noor Nurse" in page


def test_a_reader_may_not_open_one_and_is_told_whose_it_is(signed_in, library):
    """403, in words."""
    response = signed_in("reader").post("/example-trust/changes/new", {})
    assert response.status_code == 403
    assert "may propose a change" in response.content.decode()
    assert not Change.objects.exists()
