"""Sources that differ, what people say of them, what is decided, and the hazard that a decision re-opens."""
