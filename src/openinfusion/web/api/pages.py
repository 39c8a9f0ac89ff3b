"""Long lists, a page at a time."""

from collections.abc import Callable
from typing import Annotated, Any, Generic, TypeVar

from django.core.paginator import Paginator
from ninja import Query, Schema
from pydantic import Field

T = TypeVar("T")
MOST = 200
# Numbers that every database can hold.
LARGEST = 2**31 - 1
Number = Annotated[int, Field(ge=1, le=LARGEST)]
PageNumber = Annotated[int, Query(1, ge=1, le=LARGEST, description="Which page, from 1.")]
PageSize = Annotated[int, Query(50, ge=1, le=MOST, description="How many to a page.")]
Word = Annotated[str, Query("", max_length=200)]


class Page(Schema, Generic[T]):
    """A page of a list; past the last one it is empty."""

    count: int = Field(description="How many there are on all pages.")
    page: int
    page_size: int
    items: list[T]


def page_of(rows: Any, shown: Callable[[Any], T], *, page: int, page_size: int) -> dict[str, Any]:  # noqa: ANN401 - rows
    """Return one page of rows, each as it is shown."""
    pages = Paginator(rows, page_size)
    found = pages.page(page) if page <= pages.num_pages else ()
    return {"count": pages.count, "page": page, "page_size": page_size, "items": [shown(one) for one in found]}
