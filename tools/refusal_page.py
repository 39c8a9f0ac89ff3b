"""Make the page of refusal codes from the list that agents use."""

from openinfusion.fleet.agent.codes import Code

_HEAD = """# Refusal codes

*Generated from `openinfusion.fleet.agent.codes`; do not edit.*

Why a pump's agent did not take what it was offered. The code stands in the signed report (`refusal.code`), with the
number of the release where it is known. Whatever the code: the library in force stays in force.

| code | what it means | what to do |
|---|---|---|
"""


def page() -> str:
    """Return the page."""
    return _HEAD + "".join(f"| `{code.value}` | {code.meaning} | {code.action} |\n" for code in Code)
