"""Render a template of this package as one HTML page that needs nothing else."""

from importlib.resources import files

import jinja2
from markupsafe import Markup


def render(template: str, **values: object) -> str:
    """Return a page; every value is escaped, and a name that the template knows but was not given is an error."""
    environment = jinja2.Environment(
        loader=jinja2.PackageLoader("openinfusion.adapters.report", "templates"),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    style = (files("openinfusion.adapters.report") / "templates" / "report.css").read_text("utf-8")
    own = Markup(style)  # noqa: S704 - our own file, no input in it
    return environment.get_template(template).render(style=own, **values)
