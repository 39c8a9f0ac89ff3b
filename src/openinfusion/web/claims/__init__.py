"""Status files of vendors, reconciled with what pumps have proven; what they say stays a claim."""
