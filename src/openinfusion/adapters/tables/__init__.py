"""Vendor tables (.xlsx, .csv) to libraries and back, by a mapping file that a pharmacist can edit."""

from openinfusion.adapters.tables.columns_page import vendor_columns_page
from openinfusion.adapters.tables.mapping import TableMapping, load_mapping, mapping_names, shipped_mapping
from openinfusion.adapters.tables.read import read_table
from openinfusion.adapters.tables.read_back import ReadBack, ReadBackDifference, read_back
from openinfusion.adapters.tables.reading import CellProblem, Consequence, TableReading
from openinfusion.adapters.tables.write import Unwritten, write_table

__all__ = [
    "CellProblem",
    "Consequence",
    "ReadBack",
    "ReadBackDifference",
    "TableMapping",
    "TableReading",
    "Unwritten",
    "load_mapping",
    "mapping_names",
    "read_back",
    "read_table",
    "shipped_mapping",
    "vendor_columns_page",
    "write_table",
]
