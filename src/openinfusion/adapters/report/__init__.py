"""The report of a library and its replay: one self-contained HTML page, and the same figures as rows for a terminal."""

from openinfusion.adapters.report.page import ReportData, ReportDifference, ReportFinding, render_report, write_report
from openinfusion.adapters.report.tables import Table, comparison_table, reading_tables, replay_tables

__all__ = [
    "ReportData",
    "ReportDifference",
    "ReportFinding",
    "Table",
    "comparison_table",
    "reading_tables",
    "render_report",
    "replay_tables",
    "write_report",
]
