"""National libraries: published by a national body, adopted row by row as an overlay, deviations told back."""
