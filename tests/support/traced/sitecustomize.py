"""Notes which functions of the project run in a server's workers, outside their regular chores.

Python imports this by itself where its folder stands in PYTHONPATH. At SIGUSR1 a process writes
what ran since the last time into the file that TRACE names, one function a line.
"""

import os
import signal
import sys
from pathlib import Path
from types import FrameType

ROOT = str(Path(__file__).parents[3])
# What a worker does from time to time, and this file itself.
CHORES = ("_every", "write")
GENERATED = ("_pb2.py", "_pb2_grpc.py")

ran: set[str] = set()


def note(frame: FrameType, event: str, _: object) -> None:
    if event != "call" or not is_ours(frame):
        return
    if not frame.f_code.co_name.startswith("<"):  # A comprehension is a part of its function.
        way = frame
        while way.f_code.co_name not in CHORES:
            if not way.f_back:
                ran.add(f"{frame.f_code.co_filename} {frame.f_code.co_qualname}")
                return
            way = way.f_back


def is_ours(frame: FrameType) -> bool:
    name = frame.f_code.co_filename
    return name.startswith((f"{ROOT}/serve/", f"{ROOT}/curvegan/")) and not name.endswith(GENERATED)


def write(*_: object) -> None:
    part = Path(f"{os.environ['TRACE']}.part")
    part.write_text("\n".join(sorted(ran)))
    ran.clear()
    part.rename(os.environ["TRACE"])


signal.signal(signal.SIGUSR1, write)
sys.setprofile(note)
