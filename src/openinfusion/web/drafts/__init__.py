"""Drafts: what a change request changes in a library, edited by people."""
