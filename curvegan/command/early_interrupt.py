"""Imported before anything else by a command: Ctrl-C ends it quietly while its imports run.

What reads the command line, `curvegan.command.command_line.run`, gives Ctrl-C back to Python.
"""

from curvegan.command import signals

signals.end_quietly()
