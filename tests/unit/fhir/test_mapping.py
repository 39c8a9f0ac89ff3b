"""The table of the manual is true: every element that it names is written, in the release that it names."""

from collections.abc import Iterator
from typing import Any

import pytest

from openinfusion.adapters.fhir import Release, draft_bundle, write_bundle
from openinfusion.adapters.fhir.mapping import ROWS
from openinfusion.core.events import Kind
from tests.unit.fhir.logs import HEADER, dose, event, example_log, made_of


def paths(value: Any, path: str) -> Iterator[str]:
    """Every path in a resource; an item of a list has that of the list, an extension of ours its name."""
    yield path
    for one in value if isinstance(value, list) else ():
        yield from paths(one, path)
    for key, inner in value.items() if isinstance(value, dict) else ():
        if key == "extension":
            for one in inner:
                yield f"{path}.extension({one['url'].rpartition(':')[2]})"
        else:
            yield from paths(inner, f"{path}.{key}")


@pytest.mark.parametrize("release", list(Release), ids=lambda one: one.value)
def test_every_element_of_the_table_is_written(release):
    header, events = example_log()
    never = made_of(event(Kind.PROGRAMMED, 0, programme=dose("1 ug/h"), with_library=True), header=HEADER)
    documents = [
        write_bundle(made_of(*events, header=header), release),
        write_bundle(never, release),
        draft_bundle((header, events), {"SP-0417-000009": "x"}, release=release),
    ]
    resources = [entry["resource"] for document in documents for entry in document["entry"]]
    written = {path for one in resources for path in paths(one, one["resourceType"])}
    told = {row.r4 if release is Release.R4 else row.in_r5 for row in ROWS}
    assert told - written == set()
