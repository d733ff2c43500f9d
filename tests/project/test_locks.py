"""locks/ holds versions that pyproject.toml allows, each with the hashes of its files."""

import re
import tomllib
from collections.abc import Iterator
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT = Path(__file__).parents[2]
# What `make lock` locks: the file, and the extras that are in it.
LOCKS = {"serve": ["serve"], "demo": ["serve", "train", "data"], "dev": ["dev"]}


def entries(name: str) -> list[tuple[str, str, int]]:
    """Returns the packages of a lock, with version and number of hashes; one that has several
    versions, for several versions of Python, as often."""
    text = (ROOT / "locks" / f"{name}.txt").read_text()
    entry = r"^([\w.-]+)==(\S+)[^\\\n]*((?:\\\n +--hash=sha256:\w{64} ?)*)$"
    return [
        (canonicalize_name(package), version, hashes.count("--hash"))
        for package, version, hashes in re.findall(entry, text, re.M)
    ]


def locked(name: str) -> dict[str, tuple[str, int]]:
    """Returns the version of each package of a lock, and how many hashes it has."""
    return {package: (version, n_hashes) for package, version, n_hashes in entries(name)}


def requirements(*extras: str) -> Iterator[Requirement]:
    """Yields what the package asks for with some extras."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    optional = project["optional-dependencies"]
    for text in [*project["dependencies"], *(text for name in extras for text in optional[name])]:
        requirement = Requirement(text)
        if requirement.name == "curvegan":
            yield from requirements(*requirement.extras)
        else:
            yield requirement


@pytest.mark.parametrize("name", LOCKS)
def test_a_lock_holds_what_the_package_asks_for(name: str):
    versions = locked(name) | locked("torch")
    for requirement in requirements(*LOCKS[name]):
        version, _ = versions[canonicalize_name(requirement.name)]
        assert version in requirement.specifier, f"{requirement}, not {version}: make lock"


@pytest.mark.parametrize("name", LOCKS)
def test_every_file_of_a_lock_has_a_hash(name: str):
    text = (ROOT / "locks" / f"{name}.txt").read_text()
    found = entries(name)
    assert len(found) == len(re.findall(r"^\w", text, re.M))
    assert all(n_hashes for _, _, n_hashes in found)


def test_the_locks_agree():
    assert locked("serve").items() <= locked("demo").items() <= locked("dev").items()


def test_a_lock_names_no_index():
    assert not [path for path in (ROOT / "locks").iterdir() if "://" in path.read_text()]
