"""Vendor-neutral software around smart infusion pumps: build, check, deliver and learn from drug libraries."""

__version__ = "0.1.0"
