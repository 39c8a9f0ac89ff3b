"""The columns that the lake adds to each event when it is taken in, so that questions need no arithmetic on text."""

import polars as pl

DERIVED: dict[str, pl.DataType] = {
    # Whose pump, and the month (UTC) of ``moment``, such as 2026-03: the folders of the lake.
    "organisation": pl.String(),
    "month": pl.String(),
    # When it happened by true time, as well as is known: ``at`` less ``clock_offset``.
    "moment": pl.Datetime("us", "UTC"),
    # What was programmed, in whole numbers: the id of the programme's shape, and its values in thousandths or less.
    "shape": pl.Int64(),
    "n_dose": pl.Int64(),
    "n_rate": pl.Int64(),
    "n_volume": pl.Int64(),
    "n_duration": pl.Int64(),
    "n_weight": pl.Int64(),
    "n_surface": pl.Int64(),
    "n_previous": pl.Int64(),
    # Times the limit in thousandths, rounded down, so that 1,500 or more is exactly 1.5 times or more.
    "ratio_thousandths": pl.Int64(),
    # Time to answer an alert or to clear an alarm, in milliseconds, rounded down.
    "milliseconds": pl.Int64(),
    # Time that an infusion has moved fluid, in seconds, rounded down.
    "ran_seconds": pl.Int64(),
}
