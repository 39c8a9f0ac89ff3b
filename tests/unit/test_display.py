"""What screens show of quantities, beyond the tables of tests/spec."""

import pytest

from openinfusion.core.units import Quantity


@pytest.mark.parametrize(
    ("written", "shown"),
    [
        ("0.08 mg/mL", "80 micrograms/mL"),
        ("0.03 g/mL", "30 mg/mL"),
        ("0.0005 mg/kg/min", "500 nanograms/kg/min"),
        ("5 mg", "5 mg"),
        ("1500 micrograms", "1,500 micrograms"),
        ("0.4 units/mL", "0.4 units/mL"),
        ("0.1 mL/h", "0.1 mL/h"),
        ("0.1 nanograms", "0.1 nanograms"),
    ],
)
def test_a_mass_below_one_is_shown_in_a_smaller_unit(written, shown):
    """MEDi-014; units and mL stay as clinicians say them."""
    quantity = Quantity.read(written)
    assert str(quantity.without_small_decimals()) == shown
    assert quantity.without_small_decimals() == quantity
