"""Records which functions of the project run in a server's workers, except for periodic tasks.

Python imports this at startup if its folder is in PYTHONPATH. On SIGUSR1, a process writes the
functions that ran since the last time to the file named by TRACE, one per line.
"""

import os
import signal
import sys
from pathlib import Path
from types import FrameType

ROOT = str(Path(__file__).parents[3])
# A worker's periodic tasks, and this file itself.
IGNORED = ("_every", "write")
GENERATED = ("_pb2.py", "_pb2_grpc.py")

ran: set[str] = set()


def record(frame: FrameType, event: str, _: object) -> None:
    if event != "call" or not is_ours(frame):
        return
    if not frame.f_code.co_name.startswith("<"):  # A comprehension is part of its function.
        caller = frame
        while caller.f_code.co_name not in IGNORED:
            if not caller.f_back:
                ran.add(f"{frame.f_code.co_filename} {frame.f_code.co_qualname}")
                return
            caller = caller.f_back


def is_ours(frame: FrameType) -> bool:
    name = frame.f_code.co_filename
    return name.startswith((f"{ROOT}/serve/", f"{ROOT}/curvegan/")) and not name.endswith(GENERATED)


def write(*_: object) -> None:
    part = Path(f"{os.environ['TRACE']}.part")
    part.write_text("\n".join(sorted(ran)))
    ran.clear()
    part.rename(os.environ["TRACE"])


signal.signal(signal.SIGUSR1, write)
sys.setprofile(record)
