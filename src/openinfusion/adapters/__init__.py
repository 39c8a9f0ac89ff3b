"""Bytes to core values and back: library files, vendor tables, infusion files. No sockets."""
