"""The API, version 1: every operation, and the OpenAPI document at /api/v1/openapi.json."""

from typing import Any

from ninja import NinjaAPI
from ninja.openapi.schema import OpenAPISchema
from ninja.operation import Operation

from openinfusion.web.api import changes, drafts, entries, imports, libraries, places, problems, read_backs, record
from openinfusion.web.api.access import Bearer
from openinfusion.web.api.reading import StrictParser
from openinfusion.web.api.service import describe_problems

DESCRIPTION = (
    "The same libraries, changes and audit record as the pages. A token speaks for one organisation and does what its "
    "scopes say; to check, approve, release, decide or sign needs a person. Decimals are text, units UCUM codes, times "
    "RFC 3339. What cannot be done is told as RFC 9457 problem details."
)


class Api(NinjaAPI):
    """The package's API, with shorter names of operations and the type of refusals in its document."""

    def get_openapi_operation_id(self, operation: Operation) -> str:
        """Return the name of an operation: what its function is called."""
        return operation.view_func.__name__

    def get_openapi_schema(self, **said: Any) -> OpenAPISchema:  # noqa: ANN401 - as the package calls it
        """Return the OpenAPI document."""
        document = super().get_openapi_schema(**said)
        describe_problems(document, {operation.view_func.__name__: scope_of(operation) for operation in operations()})
        return document


api = Api(
    title="OpenInfusion",
    version="1",
    description=DESCRIPTION,
    urls_namespace="api-v1",
    docs_url=None,
    parser=StrictParser(),
    servers=[],
)
problems.register(api)
for one in (places, libraries, entries, imports, read_backs, changes, drafts, record):
    api.add_router("", one.router)


def operations() -> list[Operation]:
    """Return every operation of the API."""
    return [
        operation
        for router in api._get_bound_routers()  # noqa: SLF001 - the package has no public list of them
        for view in router.path_operations.values()
        for operation in view.operations
    ]


def scope_of(operation: Operation) -> str | None:
    """Return the scope that an operation needs; empty for any good token, ``None`` where none is needed."""
    for auth in operation.auth_callbacks:
        if isinstance(auth, Bearer):
            return auth.scope.value if auth.scope else ""
    return None
