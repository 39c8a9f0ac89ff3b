"""What is heard, as bytes to keep and back: JSON, with exact numbers as text."""

from datetime import datetime
from fractions import Fraction
from typing import Any

import msgspec

from openinfusion.adapters.hl7.story.heard import Heard
from openinfusion.adapters.hl7.story.own import MOMENTS
from openinfusion.core.units import Unit


def to_bytes(one: Heard) -> bytes:
    """Return what is heard as bytes."""
    return _ENCODER.encode(one)


def from_bytes(data: bytes) -> Heard:
    """Return what was kept; raises msgspec.ValidationError if another version kept it."""
    one = _DECODER.decode(data)
    if one.record is None:
        return one
    moments = {name: datetime.fromisoformat(one.record[name]) for name in MOMENTS if f"{name}_offset" in one.record}
    return one._replace(record={**one.record, **moments})


def _encode(value: object) -> str:
    if isinstance(value, Fraction):
        return str(value)
    if isinstance(value, Unit):
        return value.text
    raise NotImplementedError(type(value))


def _decode(kind: type, value: Any) -> Any:  # noqa: ANN401 - as msgspec asks
    if kind is Fraction:
        return Fraction(value)
    if kind is Unit:
        return Unit.read(value)
    raise NotImplementedError(kind)


_ENCODER = msgspec.json.Encoder(enc_hook=_encode)
_DECODER = msgspec.json.Decoder(Heard, dec_hook=_decode)
