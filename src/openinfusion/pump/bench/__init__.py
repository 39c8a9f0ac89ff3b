"""Virtual pumps on a bench: programmed by orders as pumps are by auto-programming, with a nurse to confirm."""
