"""The audit record: append-only, each row bound to the one before by its hash."""
