"""Makes this interpreter pass for one of another system, or one without some packages.

Python imports this by itself where its folder stands in PYTHONPATH. PRETEND is what `sys.platform`
then is, WITHOUT names modules, separated by commas, that can't be imported.
"""

# Python's own modules were built for this system: those that look, look before we pretend.
import asyncio  # noqa: F401
import multiprocessing  # noqa: F401
import os
import ssl  # noqa: F401
import subprocess  # noqa: F401
import sys
import urllib.request  # noqa: F401

NOT_THERE = {"win32": ("fcntl", "grp", "pwd", "resource", "termios", "uvloop")}

absent = os.environ.get("WITHOUT", "").split(",")
if pretended := os.environ.get("PRETEND"):
    sys.platform = pretended
    del os.sched_getaffinity, os.sched_setaffinity
    absent += NOT_THERE.get(pretended, ())
sys.modules.update(dict.fromkeys(absent))
