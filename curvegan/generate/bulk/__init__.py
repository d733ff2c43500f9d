"""Sets of curves too large for one file: `curvegan bulk`.

A set is cut into parts, whose seeds and names depend on nothing but what was asked for. So parts
can be made in any order, by any number of processes and machines, again and again: the set is the
same. Read in this order: `curve_set` (what a set is, and its parts), `place` (the folder or URL
where it lies), `part_files` (Parquet and npy), `jobs` (making and checking one part), `workers`,
`processes` and `on_ray` (who does a job for all parts), `progress` (all parts, watched), `making`
and `checking` (a whole set).
"""
