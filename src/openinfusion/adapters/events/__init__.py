"""Event logs: JSON Lines and Parquet to core events and back."""

from openinfusion.adapters.events.bulk import Chunk, Rejected, parse_lines
from openinfusion.adapters.events.columns import columns, leaves, to_row, to_table
from openinfusion.adapters.events.lines import Block, Log, split_lines
from openinfusion.adapters.events.log import (
    Line,
    LogReader,
    event_from_row,
    read_events,
    table_to_events,
    write_events,
    write_tables,
)
from openinfusion.adapters.events.parquet import record_lines
from openinfusion.adapters.events.shape import UNTOLD, Form
from openinfusion.adapters.events.streams import DamagedError

__all__ = [
    "UNTOLD",
    "Block",
    "Chunk",
    "DamagedError",
    "Form",
    "Line",
    "Log",
    "LogReader",
    "Rejected",
    "columns",
    "event_from_row",
    "leaves",
    "parse_lines",
    "read_events",
    "record_lines",
    "split_lines",
    "table_to_events",
    "to_row",
    "to_table",
    "write_events",
    "write_tables",
]
