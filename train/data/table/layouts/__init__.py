"""How curves stand in a table.

Read in this order: `curves` (what is read off it), `wide` (a row a curve), `grouped_rows` (the rows
of a long table, curve after curve) and `long` (a row a point).
"""
