"""Event logs: JSON Lines and Parquet to core events and back."""
