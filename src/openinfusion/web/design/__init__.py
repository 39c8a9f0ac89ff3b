"""How pages look: the frame, the NHS design system's components, headers, problems in words."""
