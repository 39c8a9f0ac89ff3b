"""``python -m openinfusion``: the same as the command ``openinfusion``."""

from openinfusion.cli import main

main()
