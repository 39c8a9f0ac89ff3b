"""Change requests: every change of a library belongs to one, from proposal to proof."""
