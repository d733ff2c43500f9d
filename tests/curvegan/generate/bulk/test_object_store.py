"""curvegan bulk into an object store: an S3-compatible server in an environment of its own."""

import re
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from pyarrow import fs

from bench.environment import environment
from tests.curvegan.generate.bulk.command import SCATTERED, bulk, files, kill_workers, start
from tests.support.commands import error_line, run_command, try_command
from tests.support.tools import or_skip

# The first test waits for pip.
pytestmark = [pytest.mark.installs, pytest.mark.timeout(600)]


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The port of an S3-compatible server."""
    log = tmp_path_factory.mktemp("store") / "log"
    with or_skip():
        moto = environment("object-store", Path(__file__).with_name("object_store.txt"))
    command = [moto / "moto_server", "--host", "127.0.0.1", "--port", "0"]
    with log.open("w") as file, subprocess.Popen(command, stderr=file) as process:
        try:
            while not (found := re.search(r"http://127\.0\.0\.1:(\d+)", log.read_text())):
                assert process.poll() is None, log.read_text()
                time.sleep(0.05)
            yield found[1]
        finally:
            process.kill()


@pytest.fixture
def url(server: str, monkeypatch: pytest.MonkeyPatch) -> str:
    """A place in an empty bucket."""
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "testing")
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    bucket = f"bucket-{time.monotonic_ns()}"
    fs.S3FileSystem(
        endpoint_override=f"127.0.0.1:{server}", scheme="http", allow_bucket_creation=True
    ).create_dir(bucket)
    return f"s3://{bucket}/curves?endpoint_override=127.0.0.1:{server}&scheme=http&region=us-east-1"


def objects(url: str) -> dict[str, bytes]:
    store, path = fs.FileSystem.from_uri(url)
    found = store.get_file_info(fs.FileSelector(path, allow_not_found=True))
    return {entry.base_name: store.open_input_file(entry.path).read() for entry in found}


def test_a_store_holds_what_a_folder_holds(url: str, published: Path, tmp_path: Path):
    bulk(published, tmp_path / "out", "--seeds", SCATTERED)
    options = ("--models", str(published), "--out", url, "--seeds", SCATTERED)
    printed = run_command("curvegan", "bulk", *options, cwd=tmp_path).stdout
    bucket = url.partition("?")[0]
    assert printed == f"{bucket} holds 600000 curves of model version 1\n"
    assert objects(url) == files(tmp_path / "out")
    checked = run_command("curvegan", "bulk", "--check", url, cwd=tmp_path).stdout
    assert checked == f"{bucket} is whole: 600000 curves of model version 1\n"


def test_killed_in_the_middle_it_is_run_again(url: str, published: Path, tmp_path: Path):
    options = ("--seeds", SCATTERED)
    with start(published, url, *options, cwd=tmp_path) as command:
        while not any(name.startswith("seeds_") for name in objects(url)):
            assert command.poll() is None, command.communicate()
            time.sleep(0.01)
        kill_workers(command)
        command.kill()
    assert len(objects(url)) < 13
    run_command(
        "curvegan", "bulk", "--models", str(published), "--out", url, *options, cwd=tmp_path
    )
    bulk(published, tmp_path / "out", *options)
    assert objects(url) == files(tmp_path / "out")


def test_no_bucket_and_no_store_are_one_line(url: str, published: Path, tmp_path: Path):
    wrong = url.replace("s3://bucket-", "s3://key:secret@nothing-")
    options = ("--models", str(published), "--seeds", "1")
    line = error_line(try_command("curvegan", "bulk", *options, "--out", wrong, cwd=tmp_path))
    assert line.startswith("error: can't write s3://nothing-")
    assert "secret" not in line
    nobody = re.sub(r"127\.0\.0\.1:\d+", "127.0.0.1:9", url)
    line = error_line(try_command("curvegan", "bulk", *options, "--out", nobody, cwd=tmp_path))
    assert "Could not connect to server" in line
