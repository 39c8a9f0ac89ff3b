"""Insight: what the pumps have reported, in figures with their definitions, and from a figure to a better limit."""
