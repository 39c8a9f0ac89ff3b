"""What every operation of the API shares: the refusals that it may answer with, and the document that describes it."""

from collections.abc import Iterable, Mapping
from typing import Any

from openinfusion.web.api.problems import MEDIA_TYPE, Problem

REFUSALS = (400, 401, 403, 404, 422, 429, 503)
WRITING = (*REFUSALS, 409, 413, 415)


def answers(
    model: Any,  # noqa: ANN401 - a schema, or the type of a JSON value
    *,
    status: int = 200,
    writes: bool = False,
    also: Iterable[int] = (),
    refuses: Iterable[int] = (),
    not_modified: bool = False,
) -> dict[int, Any]:
    """Return what an operation may answer with, by status."""
    refusals = {*(WRITING if writes else REFUSALS), *refuses}
    made: dict[int, Any] = {status: model, **dict.fromkeys(also, model), **dict.fromkeys(sorted(refusals), Problem)}
    return made | ({304: None} if not_modified else {})


def describe_problems(document: dict[str, Any], scopes: Mapping[str, str | None]) -> None:
    """Say in an OpenAPI document what the package does not: of what type refusals are, and which scope is needed."""
    for operations in document["paths"].values():
        for operation in operations.values():
            if scope := scopes[operation["operationId"]]:
                operation["security"] = [{"Bearer": [scope]}]
            for response in operation["responses"].values():
                content = response.get("content", {})
                schema = content.get("application/json", {}).get("schema", {})
                if schema.get("$ref") == "#/components/schemas/Problem":
                    content[MEDIA_TYPE] = content.pop("application/json")
