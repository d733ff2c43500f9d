"""The project's pages, read: their code, tables, headings and links."""

import re
import textwrap
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parents[2]
DOCS = ROOT / "docs"
# By their paths from the root.
PAGES = {
    str(path.relative_to(ROOT)): path.read_text()
    for path in (*sorted(ROOT.glob("*.md")), *sorted(DOCS.rglob("*.md")))
}

_FENCED = re.compile(r"^( *)```(\w*)\n(.*?)^\1```$", re.MULTILINE | re.DOTALL)
_INDENTED = re.compile(r"(?:(?<=\n\n)|\A)(?: {4}.*\n)(?: {4}.*\n|\n(?= {4}))*")
_LINK = re.compile(r"\[[^\]]*\]\(<?([^)\s>]+)>?\)")


@dataclass(frozen=True)
class Block:
    """A block of code: the language that it says it is in, and where it begins."""

    language: str
    text: str
    line: int


@dataclass(frozen=True)
class Command:
    """A command that a page shows, on one line, and what it is said to print; None says nothing."""

    text: str
    line: int
    printed: tuple[str, ...] | None = None


def blocks(page: str) -> list[Block]:
    """Returns a page's blocks of code, in order; one that names no language is of commands."""
    text = PAGES[page]
    found = [
        Block(fence[2] or "sh", textwrap.dedent(fence[3]), _line(text, fence.start(3)))
        for fence in _FENCED.finditer(text)
    ]
    # Of the same length, so that the lines' numbers stay.
    rest = _FENCED.sub(lambda fence: re.sub(r"[^\n]", "-", fence[0]), text)
    for block in _INDENTED.finditer(rest):
        code = textwrap.dedent(block[0])
        language = "console" if code.startswith("$ ") else "sh"
        found.append(Block(language, code, _line(text, block.start())))
    return sorted(found, key=lambda block: block.line)


def commands(block: Block) -> list[Command]:
    """Returns the commands of a block: each line of `sh`, those after $ of `console`."""
    found: list[Command] = []
    begin, words = block.line, ""
    for number, line in enumerate(block.text.splitlines(), block.line):
        is_shown = block.language == "console" and not words
        if is_shown and not line.startswith("$ "):
            last = found.pop()
            found.append(Command(last.text, last.line, (*(last.printed or ()), line)))
            continue
        begin = begin if words else number
        words += line.removeprefix("$ ").removesuffix("\\")
        if not line.endswith("\\"):
            if words.strip() and not words.startswith("#"):
                found.append(Command(words.strip(), begin))
            words = ""
    return found


def section(page: str, heading: str) -> str:
    """Returns what stands below a heading, up to the next of its rank or above."""
    rank = heading.partition(" ")[0]
    _, found, after = f"\n{PAGES[page]}".partition(f"\n{heading}\n")
    assert found, heading
    return re.split(rf"^#{{1,{len(rank)}}} ", after, maxsplit=1, flags=re.MULTILINE)[0]


def table(page: str, heading: str) -> list[list[str]]:
    """Returns the rows of the first table below a heading, without its head; code without its
    quotes."""
    lines = re.search(r"(^\|.*\n)+", section(page, heading), re.MULTILINE)[0].splitlines()
    return [[cell.strip().strip("`") for cell in line.strip("|").split("|")] for line in lines[2:]]


def links(page: str) -> list[str]:
    """Returns where a page's links and pictures lead."""
    return _LINK.findall(_FENCED.sub("", PAGES[page]))


def files(page: str) -> list[str]:
    """Returns the project's files and folders that a page's sentences name, from the root."""
    folders = "|".join(re.escape(path.name) for path in ROOT.iterdir() if path.is_dir())
    return re.findall(rf"`((?:{folders})/[\w./-]+)`", _FENCED.sub("", PAGES[page]))


def anchors(page: str) -> set[str]:
    """Returns what the page's headings are called in links, as GitHub names them."""
    headings = re.findall(r"^#+ (.*)$", _FENCED.sub("", PAGES[page]), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


def _line(text: str, position: int) -> int:
    return text.count("\n", 0, position) + 1
