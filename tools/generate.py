"""Remake every generated document, or with --check say which ones are out of date."""

import argparse
import json
import sys
from collections.abc import Callable
from pathlib import Path

import api_page
import benchmark_page
import change_page
import cli_page
import currency_page
import event_page
import event_sequences
import example_year_page
import fhir_page
import fleet_page
import hazard_page
import hl7_pages
import make_event_examples
import make_examples
import make_infusions
import make_national
import orders_page
import pictures
import pump_page
import pump_picture
import questions_page
import refusal_page
import reliability_page
import scenario_pages
import spec_pages
import web_pages
import web_speed_page

from openinfusion.adapters.events.schema import events_schema
from openinfusion.adapters.schema import format_page, library_schema
from openinfusion.adapters.tables import vendor_columns_page
from openinfusion.core import errors
from openinfusion.core.review import rules_page

ROOT = Path(__file__).resolve().parent.parent
REFERENCE = Path("docs/reference")


def error_page() -> str:
    """Return the tree of errors, as the module that defines it draws it."""
    tree = (errors.__doc__ or "").strip().split("\n\n", 2)[2]
    intro = "# Errors and exit codes\n\n*Generated from `openinfusion.core.errors`; do not edit.*\n\n"
    words = (errors.__doc__ or "").strip().split("\n\n")[1]
    return f"{intro}{words}\n\n```text\n{tree}\n```\n\n{_OTHER_CODES}"


_OTHER_CODES = """Other exit codes: 0 all well; 1 the answer is "no" (a review with errors, a loosening difference, a
read-back that differs); 2 the command line was not understood; 10, 11, 12 a programme to confirm, to refuse, not
checked; 70 a fault in OpenInfusion itself.
"""


def documents() -> dict[Path, bytes]:
    """Return every generated document by its path, as it should be now."""
    pages: dict[str, Callable[[], str]] = {
        "library-format.md": format_page,
        "review-rules.md": rules_page,
        "dosing.md": spec_pages.dosing_page,
        "vendor-columns.md": vendor_columns_page,
        "cli.md": cli_page.page,
        "errors.md": error_page,
        "event-log.md": event_page.page,
        "hazards.md": hazard_page.page,
        "hl7.md": hl7_pages.page,
        "fhir.md": fhir_page.page,
        "fleet.md": fleet_page.page,
        "example-year.md": example_year_page.page,
        "questions.md": questions_page.page,
        "refusal-codes.md": refusal_page.page,
        "benchmarks.md": benchmark_page.page,
        "scenarios.md": scenario_pages.catalogue_page,
        "pump.md": pump_page.page,
        "event-sequences.md": event_sequences.page,
        "orders.md": orders_page.page,
        "reliability.md": reliability_page.page,
        "web-pages.md": web_pages.page,
        "web-speed.md": web_speed_page.page,
        "change-requests.md": change_page.page,
        "web-api.md": api_page.page,
    }
    made = {REFERENCE / name: page().encode() for name, page in pages.items()}
    made[REFERENCE / "library.schema.json"] = (json.dumps(library_schema(), indent=2) + "\n").encode()
    made[REFERENCE / "events.schema.json"] = (json.dumps(events_schema(), indent=2) + "\n").encode()
    made[REFERENCE / "openapi.json"] = (json.dumps(api_page.document(), indent=2) + "\n").encode()
    made[Path("docs/images/replay-growth.svg")] = benchmark_page.growth()
    made[Path("docs/explanation/the-three-incidents.md")] = scenario_pages.incidents_page().encode()
    made[Path("docs/explanation/time-to-currency.md")] = currency_page.page().encode()
    made |= scenario_pages.pictures() | currency_page.picture()
    made |= make_event_examples.build() | make_examples.build() | make_infusions.build()
    made |= make_national.build()
    return made | pictures.build() | pump_picture.build()


def main() -> int:
    """Write or check; exit code 1 if something was out of date."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--check", action="store_true", help="change nothing; exit 1 if a document is out of date")
    check = parser.parse_args().check
    stale = {path: content for path, content in documents().items() if _differs(ROOT / path, content)}
    for path, content in stale.items():
        print(f"{'out of date' if check else 'wrote'}: {path}")
        if not check:
            (ROOT / path).parent.mkdir(parents=True, exist_ok=True)
            (ROOT / path).write_bytes(content)
    if check and stale:
        print("run 'make generate' and commit the result")
    return int(check and bool(stale))


def _differs(path: Path, content: bytes) -> bool:
    return not path.exists() or path.read_bytes() != content


if __name__ == "__main__":
    sys.exit(main())
