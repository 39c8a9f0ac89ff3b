"""The virtual pump, its scenarios, and fleets of it: for tests and training, never for an infusion."""
