"""Every column of the vendors' reports has a field, or a reason why it has none."""

import pytest

from openinfusion.adapters.tables import shipped_mapping, vendor_columns_page
from openinfusion.adapters.tables.fields import find_field
from openinfusion.adapters.tables.mapping import TableMapping


def limits(group: str, names: str) -> set[str]:
    return {f"{group}.{name}" for name in names.split()}


SOFT = "soft_min soft_max hard_max"
FOUR = "hard_min soft_min soft_max hard_max"
ALARIS = {
    "continuous": {"care_area", "drug", "therapy", "concentration.amount", "concentration.amount.unit",
        "concentration.volume", "concentration.volume.unit", "concentration.strength", "delivered_by",
        "anaesthesia_only", "advisories", *limits("dose", f"unit {SOFT} initial"),
        *limits("bolus.dose", f"unit {SOFT} initial"), *limits("bolus.rate", f"unit {SOFT} initial"),
        *limits("concentration.limits", "hard_min soft_min soft_max")},
    "intermittent": {"secondary", *limits("duration", "hard_min soft_min soft_max initial"), *limits("dose", SOFT),
        *limits("concentration.limits", "hard_min soft_min soft_max"), "advisories"},
    "fluids": {"secondary", *limits("rate", SOFT), "advisories"},
    "pca": {*limits("pca.accumulated", f"{SOFT} initial"), "pca.window", *limits("pca.dose", f"{SOFT} initial"),
        *limits("pca.lockout", "hard_min soft_min soft_max initial"), *limits("dose", f"{SOFT} initial"),
        *limits("bolus.dose", SOFT), "pca.bolus_counts", *limits("loading.dose", f"{SOFT} initial"),
        "device_settings.PCA pause supported"},
    "profile settings": {"max_rate", "max_volume", "weight.hard_max", "body_surface_area.hard_max", "kvo_rate",
        *(f"device_settings.{name}" for name in ("Air-in-Line (µL)", "Occlusion Pressure", "Auto-Restart",
          "Delay Start", "NEOI Alert", "Volumes", "Anesthesia Mode", "Basic Infusion Warning", "Limit Checking Mode"))},
    "Master Drug List": {"name", "aliases"},
    "Master Therapy List": {"name"},
    "Clinical Advisory List": {"name", "text"},
}  # fmt: skip
BAXTER = {
    "report": {"drug", "concentration.amount", "concentration.volume", "concentration.strength",
        *limits("concentration.limits", FOUR), "dose.unit", *limits("dose", f"{FOUR} initial"), "volume.initial",
        "secondary", "bolus.dose.unit", *limits("bolus.dose", f"{FOUR} initial"),
        *limits("loading.dose", f"{FOUR} initial"), "titration_step.factor", "advisories",
        *(f"device_settings.{name}" for name in ("Secondary callback", "Audio", "Bag near empty", "Completion alarms",
          "Upstream occlusion", "KVO rate (mL/h)", "Delay run"))},
}  # fmt: skip


def filled(mapping: TableMapping, sheet_id: str) -> set[str]:
    (sheet,) = [sheet for sheet in mapping.sheets if sheet.id == sheet_id]
    return {path for column in sheet.columns for path, _ in column.targets}


@pytest.mark.parametrize(
    ("vendor", "sheet"), [*(("alaris", sheet) for sheet in ALARIS), *(("baxter", sheet) for sheet in BAXTER)]
)
def test_every_column_has_its_field(vendor, sheet) -> None:
    """The columns of the reports, as they are known, all lead somewhere."""
    wanted = {"alaris": ALARIS, "baxter": BAXTER}[vendor][sheet]
    assert wanted <= filled(shipped_mapping(vendor), sheet)


def test_settings_of_baxter_care_areas() -> None:
    """The weight limits, and what belongs to the device."""
    blocks = shipped_mapping("baxter").sheets[0].blocks
    assert blocks is not None
    paths = {path for column in blocks.settings for path, _ in column.targets}
    wanted = {f"device_settings.{name}" for name in ("Weight confirmation", "Keypad lock", "Pressure default")}
    assert limits("weight", FOUR) | wanted <= paths


def test_the_page_says_it_all() -> None:
    """Each column of each mapping stands on the page; what has no field has a reason."""
    page = vendor_columns_page()
    for name in ("alaris", "baxter", "plain"):
        for sheet in shipped_mapping(name).sheets:
            for column in sheet.columns:
                assert column.header.replace("|", "/") in page
                assert column.ignore is None or column.ignore in page
    for text in ("National Drug Code", "184517", "PharmGuard", "Syringe makers"):
        assert text in page


@pytest.mark.parametrize(
    ("path", "holds"),
    [("dose.soft_min", "entries"), ("device_settings.x", "care areas"), ("care_area.kvo_rate", "entries")],
)
def test_fields_come_from_the_format(path, holds) -> None:
    """A path is a key of the format; anything else is none."""
    assert find_field(path, holds) is not None
    assert find_field(f"{path}.x.y", "drugs") is None
