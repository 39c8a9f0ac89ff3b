"""
The report of a library and its replay: one self-contained HTML page, and the same figures as rows for a terminal.

Nothing is imported here: who shows rows needs no charts, and charts take their time to be there.
"""
