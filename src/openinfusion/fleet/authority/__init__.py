"""Who may release a library, and the signed files that say so: two TUF repositories on disk (docs/adr/0031)."""
