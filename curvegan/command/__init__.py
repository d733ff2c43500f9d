"""What all commands share.

Read in this order: `early_interrupt` (Ctrl-C while a command is being imported), `requirements`
(what has to be installed for it), `signals`, `command_line` and `ray_cluster`.
"""
