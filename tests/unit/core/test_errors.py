"""The tree of errors: who must act, with which exit code, in words that any terminal can show."""

import pytest

from openinfusion.core import errors

TREE = {
    errors.AuthorError: 3,
    errors.SenderError: 4,
    errors.OperatorError: 5,
}


@pytest.mark.parametrize("branch", TREE)
def test_the_exit_code_follows_from_who_must_act(branch) -> None:
    """Every error of a branch has the branch's code."""
    assert branch.exit_code == TREE[branch]
    assert all(error.exit_code == TREE[branch] for error in branch.__subclasses__())


def test_the_picture_of_the_tree_is_the_tree() -> None:
    """The docstring that becomes the manual names every error, and no other."""
    drawn = errors.__doc__ or ""
    defined = {name for name, error in vars(errors).items() if isinstance(error, type) and issubclass(error, Exception)}
    assert {name for name in defined if name in drawn} == defined
    assert drawn.count("Error") + drawn.count("SyntaxFault") == len(defined)


def test_a_message_names_place_value_and_expectation() -> None:
    error = errors.LibraryError(where="$.dose", found="'x'", expected="a unit")
    assert str(error) == "$.dose: found 'x'; expected a unit"
    assert error.args == ("$.dose", "'x'", "a unit")
    assert isinstance(error, ValueError)


@pytest.mark.parametrize(
    "said, shown",
    [
        ("plain", "plain"),
        ("two\nlines", "two\\nlines"),
        ("\u202etfel", "\\u202etfel"),
        ("nul\0", "nul\\x00"),
        ("half \ud800", "half \\ud800"),
        ("\u00e9\u6f22\U0001f489", "\u00e9\u6f22\U0001f489"),
        ("x" * 300, "x" * 300),
        ("x" * 150 + "y" + "z" * 150, "x" * 150 + " ... " + "z" * 150),
    ],
)
def test_hostile_text_is_shown_plainly(said: str, shown: str) -> None:
    """Endless text is cut; what a terminal could misread is spelled out."""
    error = errors.OpenInfusionError(where=said, found=said, expected=said)
    assert (error.where, error.found, error.expected) == (shown, shown, shown)
    assert str(error).isprintable()
