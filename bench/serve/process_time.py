"""The processor time of a server: of its process and of all that descend from it."""

import os
from pathlib import Path


def processor_seconds(pid: int) -> float:
    """Returns the processor time, user's and system's, that a tree of processes has used so far.

    By the kernel's count for each, which moves in steps of 10 ms; so take the difference over a
    second at least. A process that came and went in between is not counted.
    """
    # The name may hold blanks; what follows it does not.
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    seconds = (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")
    # Children are listed with the thread that started them.
    for children in Path(f"/proc/{pid}/task").glob("*/children"):
        seconds += sum(processor_seconds(int(child)) for child in children.read_text().split())
    return seconds
