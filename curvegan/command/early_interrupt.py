"""Imported before anything else by a command: Ctrl-C ends it quietly while its imports run.

Python's own handler would raise KeyboardInterrupt somewhere inside the import of a library. What
reads the command line, `curvegan.command.command_line.run`, gives Ctrl-C back to Python.
"""

import signal

# A command that was started in the background ignores Ctrl-C, and shall go on ignoring it.
if signal.getsignal(signal.SIGINT) is signal.default_int_handler:
    signal.signal(signal.SIGINT, signal.SIG_DFL)
