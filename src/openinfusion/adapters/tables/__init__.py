"""Vendor tables (.xlsx, .csv) to libraries and back, by a mapping file that a pharmacist can edit."""
