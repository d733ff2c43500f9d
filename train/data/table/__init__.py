"""A user's table of curves.

Read in this order: `asked` (what the user says of it), `layouts` (how curves are read off it),
`reading` (into two files of the run), with `classes`, `split` (what is held out) and `statistics`
(what can't be learnt), `contents` (what is kept), and `source` (the curves, for a training).
"""
