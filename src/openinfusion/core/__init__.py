"""Pure values and rules of infusion safety: standard library only, no files, sockets or clock."""
