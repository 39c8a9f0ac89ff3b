"""The fleet: where every pump stands, by what it has proven, and the work that follows from it."""
