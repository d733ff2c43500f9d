"""A search for the settings that learn some curves best: `python -m train search`.

Read in this order: `space` (the settings that are tried), `trial` (one of them: a population that
learns, part by part), `records` (what the search's folder keeps of each trial), `on_ray` (the
trials on a Ray cluster, of which the hopeless are stopped) and `searching` (a whole search). The
command itself is in `command`.
"""
