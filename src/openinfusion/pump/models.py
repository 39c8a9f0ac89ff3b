"""The models of pump that come with the virtual pump, and others from a file."""

import tomllib
from functools import cache
from importlib.resources import files

from openinfusion.adapters.documents import Json, convert
from openinfusion.core.errors import OperatorError
from openinfusion.pump.machine import PumpModel


@cache
def shipped_models() -> tuple[PumpModel, ...]:
    """Return the models in ``models.toml``."""
    document: Json = tomllib.loads(files(__package__).joinpath("models.toml").read_text(encoding="utf-8"))
    rows = enumerate(document["models"])
    return tuple(convert(row, PumpModel, where=f"models.toml, models[{number}]") for number, row in rows)


def find_model(name: str) -> PumpModel:
    """Return a model by its id; raises OperatorError where there is none."""
    for model in shipped_models():
        if model.id == name:
            return model
    known = ", ".join(model.id for model in shipped_models())
    raise OperatorError(where="pump model", found=repr(name), expected=f"one of {known}")
