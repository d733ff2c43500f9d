"""The pages are true: what they show runs, and their links lead somewhere."""

import re
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
import trustme

from serve.running import RunningServer
from tests.docs.not_run import KINDS, kind_of
from tests.docs.pages import DOCS, PAGES, ROOT, anchors, blocks, commands, files, links
from tests.docs.session import PROGRAMS, Session, need

SHELL = ("sh", "console")
# Languages of what is not to be run; tests/serve/rpc/test_proxies.py runs with the configurations.
TEXT = ("dockerfile", "haproxy", "json", "nginx", "promql", "text")

# What the pages call a run that a reader has; a training's folder by any other name would do.
RUNS = ("20300102-030405-default-1", "20300102-031500-tutorial-1")


@pytest.fixture
def session(trained: Path, server: RunningServer, tmp_path: Path) -> Iterator[Session]:
    """What a reader has who trained twice: models, runs, the project's files, and a certificate."""
    shutil.copytree(trained / "models", tmp_path / "models")
    (run,) = (trained / "runs").iterdir()
    for name in RUNS:
        shutil.copytree(run, tmp_path / "runs" / name)
    for folder in ("deploy", "examples", "proto"):
        (tmp_path / folder).symlink_to(ROOT / folder)
    trustme.CA().cert_pem.write_to_path(tmp_path / "ca.pem")
    with Session(tmp_path, server) as begun:
        yield begun


@contextmanager
def line_noted(page: str, line: int) -> Iterator[None]:
    """Notes the line of a page on a failure."""
    try:
        yield
    except BaseException as error:
        error.add_note(f"{page}, line {line}")
        raise


def shown_on(page: str) -> list[str]:
    """Returns all commands and programs of a page."""
    shown = []
    for block in blocks(page):
        if block.language in SHELL:
            shown += [command.text for command in commands(block)]
        elif block.language in PROGRAMS:
            shown.append(block.text)
    return shown


@pytest.mark.parametrize("page", [page for page in PAGES if shown_on(page)])
def test_what_a_page_shows_runs(page: str, session: Session):
    for block in blocks(page):
        if block.language in SHELL:
            for command in commands(block):
                with line_noted(page, command.line):
                    if kind := kind_of(command.text):
                        kind.check(command.text)
                    else:
                        need(command.text)
                        session.run(command)
        elif block.language in PROGRAMS and not kind_of(block.text):
            with line_noted(page, block.line):
                need("node" if block.language == "js" else "")
                session.run_program(block)


@pytest.mark.parametrize("page", PAGES)
def test_every_block_says_what_it_is(page: str):
    """One in an unknown language would be neither run nor known as text."""
    assert {block.language for block in blocks(page)} <= {*SHELL, *PROGRAMS, *TEXT}


def test_every_reason_not_to_run_something_is_needed():
    used = {kind_of(shown) for page in PAGES for shown in shown_on(page)}
    assert used >= set(KINDS)


@pytest.mark.parametrize("page", PAGES)
def test_every_link_leads_somewhere(page: str):
    for link in links(page):
        path, _, anchor = link.partition("#")
        if re.match(r"https?:", path):
            continue
        target = (ROOT / page).parent / path if path else ROOT / page
        assert target.exists(), link
        if anchor:
            assert anchor in anchors(str(target.resolve().relative_to(ROOT))), link


@pytest.mark.parametrize("page", PAGES)
def test_every_file_that_is_named_is_there(page: str):
    for path in files(page):
        # What is built or drawn comes later.
        if not (ROOT / path).exists():
            ignored = subprocess.run(
                ["git", "check-ignore", "--quiet", path], cwd=ROOT, check=False
            )
            assert ignored.returncode == 0, path


def test_every_page_is_in_the_index():
    indexed = {(DOCS / link).resolve() for link in links("docs/README.md")}
    assert {path for path in DOCS.rglob("*.md") if path != DOCS / "README.md"} <= indexed


def test_the_readme_can_be_read_at_once():
    assert PAGES["README.md"].count("\n") <= 200


def test_every_room_is_named():
    listed = subprocess.run(
        ["git", "ls-files"], cwd=ROOT, capture_output=True, text=True, check=True
    )
    files = [Path(line) for line in listed.stdout.splitlines()]
    top = {path.parts[0] for path in files if len(path.parts) > 1}
    rooms = {
        f"{path.parts[0]}/{path.parts[1]}"
        for path in files
        if path.parts[0] in ("curvegan", "serve", "train") and len(path.parts) > 2
    }
    named, room = set(), ""
    for block in blocks("docs/layout.md"):
        for indent, name in re.findall(r"^( *)([\w.]+)/ ", block.text, re.MULTILINE):
            room = f"{room.partition('/')[0]}/{name}" if indent else name
            named.add(room)
    assert named == top | rooms
