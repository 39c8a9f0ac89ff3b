"""People: accounts, the duties that they hold, signing in, and whether a page is theirs."""
