"""Drug libraries of an organisation: versions, entries through all of them, drafts."""
