"""README.md, read: its sections, and the tables, commands and programs in them."""

import re
from pathlib import Path

ROOT = Path(__file__).parents[2]
README = (ROOT / "README.md").read_text()


def section(heading: str) -> str:
    """What stands below a heading, up to the next of its rank or above."""
    rank = heading.partition(" ")[0]
    _, found, after = README.partition(f"\n{heading}\n")
    assert found, heading
    return re.split(rf"^#{{2,{len(rank)}}} ", after, maxsplit=1, flags=re.MULTILINE)[0]


def table(heading: str) -> list[list[str]]:
    """The rows of the first table below a heading, without its head; code without its quotes."""
    lines = re.search(r"(^\|.*\n)+", section(heading), re.MULTILINE)[0].splitlines()
    return [[cell.strip().strip("`") for cell in line.strip("|").split("|")] for line in lines[2:]]


def commands(heading: str) -> list[str]:
    """The commands below a heading, each on one line."""
    blocks = "".join(re.findall(r"^ {4}(.*\n)", section(heading), re.MULTILINE))
    return blocks.replace("\\\n", " ").splitlines()


def programs(heading: str) -> list[str]:
    """The Python programs below a heading."""
    return re.findall(r"^```python\n(.*?)^```$", section(heading), re.MULTILINE | re.DOTALL)
