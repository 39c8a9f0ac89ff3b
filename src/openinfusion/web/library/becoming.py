"""The library that a draft would become: what is judged, signed and read back before there is a version of it."""

from dataclasses import replace

from openinfusion.core.change_class import next_version
from openinfusion.core.difference import difference
from openinfusion.core.library import Library, Parent, Status
from openinfusion.web.library.models import Draft
from openinfusion.web.library.store import draft_library, library_of


def document_of(draft: Draft) -> Library:
    """
    Return the library that a draft would become: with its next version, and the one that it was made from.

    Raises:
        AuthorError: the items do not fit together.
        ChangeControlError: nothing was changed yet.

    """
    base, made = library_of(draft.base), draft_library(draft)
    parent = Parent(name=base.library.name, version=base.library.version, sha256=draft.base.sha256)
    about = replace(
        made.library,
        version=next_version(base.library.version, difference(base, made)),
        status=Status.APPROVED,
        valid_from=None,
        parent=parent,
    )
    return replace(made, library=about)
