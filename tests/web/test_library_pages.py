"""Pages of libraries, asked for without a browser."""

import pytest


def test_everybody_signs_in_first(client, library):
    """Whoever is not signed in is sent to where they do, and comes back."""
    response = client.get("/example-trust/libraries")
    assert (response.status_code, response["location"]) == (302, "/account/login/?next=/example-trust/libraries")


def test_another_organisation_does_not_exist(signed_in, library):
    """Where a person holds no duty the answer is that of a mistyped address."""
    assert signed_in("reader").get("/another-trust/libraries").status_code == 404


@pytest.mark.parametrize(
    ("page", "shown"),
    [
        ("/example-trust/libraries", "Adult library"),
        ("/example-trust/libraries/adult", "Version 1.1.0"),
        ("/example-trust/libraries/adult/2?q=fent", "fentanyl"),
    ],
)
def test_a_reader_reads(signed_in, library, page, shown):
    """Each page shows what it is for, in the frame of every page."""
    response = signed_in("reader").get(page)
    assert response.status_code == 200
    assert shown in response.content.decode()
    assert "unsafe-inline" not in response["content-security-policy"]
