"""What a review reads and writes: local thresholds and accepted findings as TOML, the result as JSON."""

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from openinfusion.adapters.documents import Json, convert, read_bytes, to_json
from openinfusion.core.errors import AuthorError, EncodingError
from openinfusion.core.review import Acceptance, Finding, Review, Thresholds, thresholds_from


@dataclass(frozen=True, slots=True, kw_only=True)
class Acceptances:
    """
    A file of accepted findings.

    Attributes:
        accepted: one table each.

    """

    accepted: tuple[Acceptance, ...]


def read_toml(path: Path) -> dict[str, Any]:
    """
    Return a TOML file with numbers kept as text, so that 0.1 stays one tenth.

    Raises:
        OperatorError: the file cannot be read.
        EncodingError: it is not UTF-8.
        AuthorError: it is not TOML.

    """
    try:
        return tomllib.loads(read_bytes(path).decode("utf-8-sig"), parse_float=str)
    except UnicodeDecodeError as error:
        raise EncodingError(where=path.name, found="bytes that are not UTF-8", expected="text in UTF-8") from error
    except (ValueError, RecursionError) as error:  # not TOML, a number of thousands of digits, endless brackets
        raise AuthorError(where=path.name, found=str(error), expected="TOML") from error


def read_thresholds(path: Path) -> Thresholds:
    """Return a trust's own thresholds; raises AuthorError for a name or a value that review does not know."""
    return thresholds_from(read_toml(path))


def read_acceptances(path: Path) -> tuple[Acceptance, ...]:
    """Return the findings that a trust has accepted, each with its reason; raises AuthorError for an unknown key."""
    return convert(_dated(read_toml(path)), Acceptances, where=path.name).accepted


def _dated(value: Any) -> Any:  # noqa: ANN401 - TOML is any value
    """Return TOML as JSON: its dates as text."""
    if isinstance(value, Mapping):
        return {key: _dated(item) for key, item in value.items()}
    if isinstance(value, list):
        return [_dated(item) for item in value]
    return value.isoformat() if hasattr(value, "isoformat") else value


def review_to_json(result: Review) -> Json:
    """Return a review as JSON: findings in order, how much each rule looked at, acceptances that match nothing."""
    return {
        "at": result.at.isoformat(),
        "findings": [_finding(finding) for finding in result.findings],
        "looked_at": [
            {"rule": looked.rule.id, "what": looked.rule.scope.words, "count": looked.count}
            for looked in result.looked_at
        ],
        "unmatched_acceptances": [to_json(acceptance) for acceptance in result.unmatched],
        "expired_acceptances": [to_json(acceptance) for acceptance in result.expired],
    }


def _finding(finding: Finding) -> Json:
    rule = finding.rule
    return {
        "rule": rule.id,
        "severity": finding.severity.value,
        "title": rule.title,
        "message": finding.message,
        "place": to_json(finding.place),
        "reason": rule.reason,
        "remedy": finding.remedy,
        "source": rule.source,
        "hazard": rule.hazard,
        "accepted": to_json(finding.accepted) if finding.accepted else None,
    }
