"""The files in deploy/, read: what each says that a server is started with."""

import json
import os
import re
import shlex
import sys
from pathlib import Path
from typing import Any

import yaml

DEPLOY = Path(__file__).parents[2] / "deploy"
UNIT = DEPLOY / "systemd" / "curvegan.service"
DROP_IN = DEPLOY / "systemd" / "tls.conf"
UNIT_SETTINGS = DEPLOY / "systemd" / "curvegan.toml"
CONTAINERFILE = DEPLOY / "Containerfile"
MANIFEST = DEPLOY / "kubernetes.yaml"
KSERVE = DEPLOY / "kserve.yaml"
BIN = Path(sys.executable).parent
ADDRESSES = {"CURVEGAN_LISTEN", "CURVEGAN_HTTP"}


def here(text: str, paths: dict[str, str]) -> str:
    """Returns `text` with each of the paths as it is here."""
    return re.sub("|".join(map(re.escape, paths)), lambda found: paths[found[0]], text)


def with_free_ports(environment: dict[str, str]) -> dict[str, str]:
    """Returns variables that name the same hosts, and ports that nobody has."""
    return {
        name: re.sub(r"(?<=:)\d+$", "0", value) if name in ADDRESSES else value
        for name, value in environment.items()
    }


def service_lines(path: Path) -> list[tuple[str, str]]:
    """Returns the settings of a unit's or a drop-in's section [Service], in order."""
    section = path.read_text().partition("[Service]")[2].partition("\n[")[0]
    return re.findall(r"^(\w+)=(.*)$", section, re.MULTILINE)


def unit_environment(path: Path) -> dict[str, str]:
    """Returns the variables that a unit or a drop-in sets."""
    pairs = [value.partition("=") for name, value in service_lines(path) if name == "Environment"]
    return {name: value for name, _, value in pairs}


def instructions() -> list[tuple[str, str]]:
    """Returns the instructions of the Containerfile, in order."""
    lines = [line for line in CONTAINERFILE.read_text().splitlines() if not line.startswith("#")]
    joined = "\n".join(lines).replace("\\\n", " ")
    return [(word, rest.strip()) for word, rest in re.findall(r"^([A-Z]+) (.*)$", joined, re.M)]


def image_command() -> list[str]:
    """Returns what the image runs."""
    return json.loads(dict(instructions())["ENTRYPOINT"])


def image_environment() -> dict[str, str]:
    """Returns the variables of the image."""
    pairs = shlex.split(dict(instructions())["ENV"])
    return dict(pair.split("=", 1) for pair in pairs)


def image_variables(models: Path) -> dict[str, str]:
    """The image's variables, with the models of its volume here."""
    volume = dict(instructions())["VOLUME"]
    paths = {volume: str(models), "/opt/curvegan/bin": str(BIN), "$PATH": os.defpath}
    return with_free_ports({name: here(of, paths) for name, of in image_environment().items()})


def manifests(path: Path = MANIFEST) -> dict[str, dict[str, Any]]:
    """Returns what a manifest holds, each by its kind and name: "Service/curvegan"."""
    return {
        f"{found['kind']}/{found['metadata']['name']}": found
        for found in yaml.safe_load_all(path.read_text())
    }
