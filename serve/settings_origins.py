"""Reads settings from the environment and a TOML file, and tracks the source of each."""

import json
import tomllib
from dataclasses import fields, is_dataclass
from pathlib import Path

import cyclopts
from cyclopts.config import Env, Toml

from curvegan.errors import CurveganError


class Origins:
    """Fills in settings that the command line leaves open, and records the source of each."""

    def __init__(self, prefix: str) -> None:
        """`prefix` is the prefix of the environment variables."""
        self._environment = Env(prefix, command=False)
        self._origins: dict[str, str] = {}

    def __call__(
        self, app: cyclopts.App, commands: tuple[str, ...], arguments: cyclopts.ArgumentCollection
    ) -> None:
        """Completes `arguments`. Called by cyclopts before it converts them.

        Raises CurveganError for a missing or invalid TOML file.
        """
        self._environment(app, commands, arguments)
        for argument in arguments:
            if argument.field_info.name == "config" and argument.tokens:
                _read_file(Path(argument.tokens[0].value), app, commands, arguments)
        for argument in arguments:
            if argument.tokens:
                token = argument.tokens[0]
                name = {"cli": f"option {token.keyword}", "env": f"environment {token.keyword}"}
                self._origins[argument.field_info.name] = name.get(token.source, token.source)

    def table(self, settings: object) -> str:
        """Returns the settings of the dataclass `settings` as TOML, one per line, with the source
        of each in a comment."""
        lines = [
            (
                f"{name} = {_toml(value)}" if value not in (None, ()) else f"# {name} is not set",
                origin,
            )
            for name, value in _flat(settings)
            for origin in [self._origins.get(name, "default")]
        ]
        width = max(len(line) for line, _ in lines)
        return "\n".join(f"{line:{width}}  # {origin}" for line, origin in lines)


def _read_file(
    path: Path,
    app: cyclopts.App,
    commands: tuple[str, ...],
    arguments: cyclopts.ArgumentCollection,
) -> None:
    if not path.is_file():
        raise CurveganError(f"there is no settings file {path}: give a TOML file with --config")
    try:
        tomllib.loads(path.read_text(encoding="utf-8"))
    except tomllib.TOMLDecodeError as error:
        raise CurveganError(f"{path} is not valid TOML: {error}") from None
    except UnicodeDecodeError:
        raise CurveganError(f"{path} is not valid TOML: it is not in UTF-8") from None
    Toml(path, must_exist=True)(app, commands, arguments)


def _flat(settings: object) -> list[tuple[str, object]]:
    pairs: list[tuple[str, object]] = []
    for field in fields(settings):  # type: ignore[arg-type]
        value = getattr(settings, field.name)
        pairs += _flat(value) if is_dataclass(value) else [(field.name, value)]
    return pairs


def _toml(value: object) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, int | float):
        return str(value)
    if isinstance(value, tuple):
        return f"[{', '.join(map(_toml, value))}]"
    # A TOML string is a JSON string, except that TOML requires DEL to be escaped.
    return json.dumps(str(value), ensure_ascii=False).replace("\x7f", "\\u007f")
