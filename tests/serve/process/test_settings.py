"""The server's settings: their sources, invalid values, and public addresses."""

import re
import subprocess
import sys
import tomllib
from dataclasses import fields, is_dataclass
from pathlib import Path
from typing import Any

import pytest

from curvegan.errors import ServerError
from serve.settings import Access, Settings, check_exposure
from tests.support.commands import error_line, run_command, try_command

# For every option, a value other than the default.
ANY = {
    "models": 'a "folder" \\ of\nmodels\t\x7f',
    "listen": "127.0.0.1:9",
    "http": "off",
    "workers": "3",
    "keep": "2",
    "pin": "7",
    "grace": "0.00001",
    "log-format": "json",
    "tls-cert": "cert.pem",
    "tls-key": "key.pem",
    "tls-client-ca": "ça.pem",
    "token-file": "tokens",
    "cors-origin": "https://app.example.org",
    "max-calls": "11",
    "max-streams": "12",
    "max-rows": "13",
    "max-stream-rows": "14",
    "max-request-bytes": "2048",
    "max-answer-bytes": "2049",
    "max-unsent-bytes": "2050",
    "max-wait": "1.5",
    "max-idle": "2.5",
    "max-connection-age": "3.5",
}
FLAGS = ("access-log", "insecure")


def names(settings: object = Settings()) -> list[str]:
    """Returns the names of all settings, spelled like options."""
    found: list[str] = []
    for field in fields(settings):  # type: ignore[arg-type]
        value = getattr(settings, field.name)
        found += names(value) if is_dataclass(value) else [field.name.replace("_", "-")]
    return found


def any_options() -> list[str]:
    return [f"--{name}={value}" for name, value in ANY.items()] + [f"--{name}" for name in FLAGS]


def printed(*options: str, cwd: Path) -> str:
    return run_command("serve", "--print-config", *options, cwd=cwd).stdout


def read(*options: str, cwd: Path) -> dict[str, Any]:
    return tomllib.loads(printed(*options, cwd=cwd))


def origin(table: str, name: str) -> str:
    (line,) = [line for line in table.splitlines() if re.match(rf"(# )?{name} ", line)]
    return line.rpartition("  # ")[2]


def serve_error(*options: str, cwd: Path) -> str:
    return error_line(try_command("serve", *options, cwd=cwd))


def test_the_command_line_overrides_the_environment_which_overrides_the_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    (tmp_path / "settings.toml").write_text("keep = 4\nworkers = 4\nmax_calls = 4\n")
    monkeypatch.setenv("CURVEGAN_KEEP", "3")
    monkeypatch.setenv("CURVEGAN_WORKERS", "3")
    found = read("--config", "settings.toml", "--keep", "2", cwd=tmp_path)
    assert (found["keep"], found["workers"], found["max_calls"]) == (2, 3, 4)


def test_the_environment_can_unset_a_flag_of_the_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    (tmp_path / "settings.toml").write_text("access_log = true\ninsecure = true\n")
    monkeypatch.setenv("CURVEGAN_ACCESS_LOG", "false")
    found = read("--config", "settings.toml", cwd=tmp_path)
    assert (found["access_log"], found["insecure"]) == (False, True)


def test_the_environment_can_name_the_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    (tmp_path / "settings.toml").write_text("workers = 5\n")
    monkeypatch.setenv("CURVEGAN_CONFIG", "settings.toml")
    assert read(cwd=tmp_path)["workers"] == 5


def test_names_in_the_file_may_be_spelled_like_options(tmp_path: Path):
    (tmp_path / "settings.toml").write_text("max-calls = 5\n")
    assert read("--config", "settings.toml", cwd=tmp_path)["max_calls"] == 5


def test_a_list_can_come_from_every_source(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    of_file, of_variable, of_option = (
        [f"https://{one}.example.org", f"https://{one}.example.com"] for one in ("f", "v", "o")
    )
    (tmp_path / "settings.toml").write_text(f"cors_origin = {of_file}\n")
    config = ("--config", "settings.toml")
    assert read(*config, cwd=tmp_path)["cors_origin"] == of_file
    monkeypatch.setenv("CURVEGAN_CORS_ORIGIN", " ".join(of_variable))
    assert read(*config, cwd=tmp_path)["cors_origin"] == of_variable
    options = [f"--cors-origin={origin}" for origin in of_option]
    assert read(*config, *options, cwd=tmp_path)["cors_origin"] == of_option


def test_print_config_shows_every_setting_with_its_source(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    (tmp_path / "settings.toml").write_text("keep = 4\n")
    monkeypatch.setenv("CURVEGAN_WORKERS", "3")
    table = printed("--config", "settings.toml", "--max-rows", "9", cwd=tmp_path)
    assert origin(table, "keep").endswith("settings.toml")
    assert origin(table, "workers") == "environment CURVEGAN_WORKERS"
    assert origin(table, "max_rows") == "option --max-rows"
    assert origin(table, "grace") == origin(table, "pin") == "default"


def test_the_output_of_print_config_is_a_valid_settings_file(tmp_path: Path):
    assert {*ANY, *FLAGS} == set(names())
    table = printed(*any_options(), cwd=tmp_path)
    (tmp_path / "settings.toml").write_text(table)
    found = tomllib.loads(table)
    assert found["models"] == ANY["models"]
    assert set(found) == {name.replace("-", "_") for name in names()}
    assert read("--config", "settings.toml", cwd=tmp_path) == found


def test_settings_from_the_file_take_effect(published: Path, tmp_path: Path):
    (tmp_path / "settings.toml").write_text(f'models = "{published}"\npin = 2\n')
    assert "version 2, given by --pin" in serve_error(
        "--config", "settings.toml", "--listen=127.0.0.1:0", "--http=off", cwd=tmp_path
    )


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        (b"wrokers = 2", 'Unknown option: "[wrokers]" from'),
        (b"[bounds]\nmax_calls = 3", 'Unknown option: "[bounds][max_calls]" from'),
        (b'workers = "two"', "Invalid value for [workers]: 'two' is not a whole number"),
        (b"workers = 1.5", "Invalid value for [workers]: '1.5' is not a whole number"),
        (b"workers = [1, 2]", "Invalid value for [workers] from"),
        (b"insecure = 3", "Invalid value for [insecure] from"),
        (b"grace = nan", 'Invalid value "nan" for [grace]'),
        (b"workers = = 2", "settings.toml is not valid TOML: Invalid value (at line 1, column 11)"),
        (b"\xff\xfe", "settings.toml is not valid TOML: it is not in UTF-8"),
    ],
)
def test_an_invalid_file_is_a_one_line_error(content: bytes, expected: str, tmp_path: Path):
    (tmp_path / "settings.toml").write_bytes(content)
    assert expected in serve_error("--config", "settings.toml", cwd=tmp_path)


@pytest.mark.parametrize("path", ["missing.toml", "."])
def test_a_missing_file_is_a_one_line_error(path: str, tmp_path: Path):
    assert f"there is no settings file {path}" in serve_error("--config", path, cwd=tmp_path)


def test_an_invalid_environment_variable_is_a_one_line_error_that_names_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setenv("CURVEGAN_WORKERS", "two")
    line = serve_error(cwd=tmp_path)
    assert line == "error: Invalid value for CURVEGAN_WORKERS: 'two' is not a whole number"


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        (["--wrokers=2"], "Unknown option: --wrokers. Did you mean --workers?"),
        (["--keep=0"], "Must be >= 1"),
        (["--workers=1000"], "Must be <= 256"),
        (["--grace=0"], "Must be > 0"),
        (["--max-wait=inf"], "Must be <="),
        (["--max-request-bytes=10"], "Must be >= 1024"),
        (["--log-format=xml"], "Invalid value"),
        (["models"], "Unused Tokens: ['models']"),
        (["--pin=1", "--keep=2"], "--pin 1 serves a single version: remove --keep 2"),
        (["--tls-cert=a.pem"], "--tls-cert and --tls-key belong together"),
        (["--tls-client-ca=a.pem"], "--tls-client-ca needs --tls-cert and --tls-key"),
        (["--tls-cert=a.pem", "--tls-key=a.pem"], "can't read a.pem: No such file"),
        (["--http=8000"], "'8000' is no address: give host:port"),
    ],
)
def test_invalid_options_are_a_one_line_error(options: list[str], expected: str, tmp_path: Path):
    assert expected in serve_error(*options, cwd=tmp_path)


def test_an_invalid_certificate_is_a_one_line_error(tmp_path: Path):
    (tmp_path / "a.pem").write_text("")
    line = serve_error("--tls-cert=a.pem", "--tls-key=a.pem", cwd=tmp_path)
    assert "a.pem and a.pem are not a certificate and its key" in line


def test_the_help_explains_every_option(tmp_path: Path):
    text = run_command("serve", "--help", cwd=tmp_path).stdout
    explained = re.findall(r"^│ --([a-z0-9-]+)(?: [A-Z]+[.]*)? {2,}\w+", text, re.MULTILINE)
    assert set(explained) == {*names(), "config", "print-config", "version"}


@pytest.mark.parametrize(
    "options", [["--listen=0.0.0.0:0", "--http=off"], ["--listen=127.0.0.1:0", "--http=0.0.0.0:0"]]
)
def test_a_public_address_requires_tls(options: list[str], published: Path, tmp_path: Path):
    assert "0.0.0.0 can be reached from other machines: give --tls-cert" in serve_error(
        f"--models={published}", *options, cwd=tmp_path
    )


def test_insecure_allows_a_public_address_without_tls(published: Path):
    options = [f"--models={published}", "--listen=0.0.0.0:0", "--http=0.0.0.0:0", "--insecure"]
    command = [sys.executable, "-m", "serve", *options]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        try:
            assert "gRPC on 0.0.0.0:" in process.stdout.readline()
        finally:
            process.terminate()


@pytest.mark.parametrize("host", ["127.0.0.1", "127.9.9.9", "[::1]"])
def test_loopback_needs_no_tls(host: str):
    check_exposure(Access(), [host])


@pytest.mark.parametrize("host", ["0.0.0.0", "192.0.2.1", "[::]", "[2001:db8::1]", "[fe80::1%lo]"])
def test_other_addresses_need_tls_or_insecure(host: str):
    with pytest.raises(ServerError, match="can be reached from other machines"):
        check_exposure(Access(), ["127.0.0.1", host])
    check_exposure(Access(insecure=True), [host])
    check_exposure(Access(tls_cert=Path("cert.pem"), tls_key=Path("key.pem")), [host])
