"""The page that says where each vendor's column goes; made from the mappings, so that it cannot differ from them."""

from collections.abc import Iterator

from openinfusion.adapters.tables.mapping import Column, Sheet, TableMapping, shipped_mapping, shipped_text

_INTRO = """# Vendors' columns and the open format

*Generated from the shipped mappings; do not edit.*

Every column of the two layouts, with the field of the open drug library format that it fills in, or the reason why it
has none. A path such as `dose.soft_min` is a key inside the entry; `device_settings` is an open map of names and texts,
for settings of one maker's device. Headers are recognised whatever their blanks, line breaks and capitals. A column
that is not listed here is reported when a file is read, and so is every cell that cannot be read.
"""


def vendor_columns_page() -> str:
    """Return the page as Markdown."""
    parts = [_INTRO]
    for name, title in (("alaris", "BD Alaris data-set report"), ("baxter", "Baxter Sigma Spectrum custom report")):
        parts.append(f"## {title}\n")
        parts += _mapping_parts(shipped_mapping(name))
    parts.append(shipped_text("other-models.md"))
    parts.append("## The plain layout\n")
    parts += _mapping_parts(shipped_mapping("plain"))
    return "\n".join(parts)


def _mapping_parts(mapping: TableMapping) -> Iterator[str]:
    for sheet in mapping.sheets:
        names = ", ".join(f"`{name}`" for name in sheet.names)
        yield f"### {mapping.name}: {sheet.id}\n"
        if sheet.holds == "nothing":
            yield f"Sheets named {names} are not read: {sheet.reason}.\n"
            continue
        yield f"Sheets named {names}.{_said_by_sheet(sheet)}\n"
        yield _table(sheet.columns)
        if sheet.blocks:
            yield "Settings between a care area's title and its rows (fields of the care area):\n"
            yield _table(sheet.blocks.settings)


def _said_by_sheet(sheet: Sheet) -> str:
    """Return what the sheet says without a column."""
    said = [f"`{path}` is {value}" for path, value in sheet.constants.items()]
    if sheet.type_without_concentration:
        said.append(f"an entry without concentration is of type {sheet.type_without_concentration}")
    if sheet.type_of_dose_without_time:
        said.append(f"a dose unit without a time makes the type {sheet.type_of_dose_without_time}")
    if sheet.volume_rates_are == "rate":
        said.append("limits in mL/h are `rate`, not `dose`")
    if sheet.unlisted == "device settings":
        said.append("a column that is not listed is kept in `device_settings` under its header")
    return f" Here {'; '.join(said)}." if said else ""


def _table(columns: tuple[Column, ...]) -> str:
    lines = ["| Column | Field | Reading |", "|---|---|---|"]
    lines += [f"| {_cell(column.header)} | {_field(column)} | {_reading(column)} |" for column in columns]
    return "\n".join([*lines, ""])


def _field(column: Column) -> str:
    if column.ignore is not None:
        return f"none: {_cell(column.ignore)}"
    return ", ".join(f"`{_cell(path)}`" for path in column.fields)


def _reading(column: Column) -> str:
    """Return how the cells are read, where that is not plain."""
    said = [] if column.written else ["only read, where a report has it"]
    said += [f"in {column.unit.text} unless said"] if column.unit else []
    if column.unit_like:
        said.append("in the unit of the concentration unless said")
    if column.reads != "value":
        said.append(column.reads)
    if column.open:
        what = "" if not column.fields[0].endswith(".unit") else ": then no unit is kept"
        said.append(f'"{column.open[0]}" is entered at the bedside{what}')
    if column.fields and column.fields[0].startswith("concentration.strength"):
        said.append("checked against amount and volume, not kept")
    said += [f'"{word}" is nothing' for word in column.blank[:1]]
    return _cell("; ".join(said))


def _cell(text: str) -> str:
    return text.replace("|", "/")
