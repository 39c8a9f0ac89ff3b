"""The command line: thin commands over the same functions that everything else uses."""

from openinfusion.cli.app import main

__all__ = ["main"]
