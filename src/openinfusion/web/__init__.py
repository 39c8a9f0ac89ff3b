"""The web application: people, and the library from a vendor's spreadsheet to a signed release (docs/adr/0039)."""
