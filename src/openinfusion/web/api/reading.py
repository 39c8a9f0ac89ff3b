"""How bodies are read: as strictly as every other document, before anything looks at a field."""

from typing import Any

from django.http import HttpRequest
from ninja.parser import Parser

from openinfusion.adapters.documents import MAX_DEPTH, parse_json
from openinfusion.core.errors import SyntaxFault
from openinfusion.web.api.problems import UnsupportedMediaError


class StrictParser(Parser):
    """JSON in UTF-8, each key once, no NaN, no half characters, no NUL, not deep."""

    def parse_body(self, request: HttpRequest) -> Any:  # noqa: ANN401 - JSON is any value
        """Return the value of a body, or raise what is wrong with it."""
        if request.content_type != "application/json":
            raise UnsupportedMediaError(
                where="Content-Type", found=request.content_type or "nothing", expected="application/json"
            )
        value = parse_json(request.body, where="body")
        refuse_strange(value)
        return value


def refuse_strange(value: Any) -> None:  # noqa: ANN401 - JSON is any value
    """Raise SyntaxFault for what no database or page can hold: NUL in a text, brackets inside brackets without end."""
    level, depth = [value], 0
    while level:
        if depth > MAX_DEPTH:
            raise SyntaxFault(where="body", found="brackets inside brackets", expected=f"a depth of {MAX_DEPTH}")
        inner: list[Any] = []
        for one in level:
            if isinstance(one, str) and "\0" in one:
                raise SyntaxFault(where="body", found="the character NUL in a text", expected="text that can be shown")
            inner += [*one, *one.values()] if isinstance(one, dict) else one if isinstance(one, list) else []
        level, depth = inner, depth + 1
