"""Signed libraries to every pump, and proof of what each one runs."""
