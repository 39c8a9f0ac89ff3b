"""Events in Parquet: kept exactly once, asked by name, replayed against any library."""
