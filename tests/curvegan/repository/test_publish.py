"""Publishing: whole or not at all, and never a number twice."""

import os
import re
import shutil
import signal
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from curvegan.errors import RepositoryError
from curvegan.repository.description import Description, default_inputs
from curvegan.repository.publish import publish
from curvegan.repository.repository import Repository
from tests.support.labelled.days import describe

PUBLISH = """
import resource, signal, sys
from pathlib import Path
from train.run.folder import Run
{before}
Run(Path(sys.argv[1])).publish(Path(sys.argv[2]))
"""


@pytest.fixture
def description(repository: Repository) -> Description:
    return repository.load(1).sampler_manifest.description


def publish_again(root: Path, description: Description) -> int:
    files = {"model.onnx": b"onnx", "model.pt": b"torchscript"}
    return publish(root, description, files, files)


def publish_in_process(run: Path, models: Path, before: str) -> subprocess.CompletedProcess:
    return subprocess.run(
        [sys.executable, "-c", PUBLISH.format(before=before), str(run), str(models)],
        capture_output=True,
        text=True,
        check=False,
    )


def leftovers(models: Path) -> list[Path]:
    return [path for path in models.rglob("*") if ".part-" in path.name]


def test_versions_count_up_and_old_ones_stay_as_they_were(models: Path, description: Description):
    before = {path: path.read_bytes() for path in models.rglob("1/*")}
    assert publish_again(models, description) == 2
    assert publish_again(models, description) == 3
    assert Repository(models).versions() == [1, 2, 3]
    assert {path: path.read_bytes() for path in models.rglob("1/*")} == before


def test_a_deleted_version_s_number_is_never_used_again(models: Path, description: Description):
    assert publish_again(models, description) == 2
    for model in ("generator", "sampler"):
        shutil.rmtree(models / model / "2")
    assert publish_again(models, description) == 3


def test_a_number_stays_used_when_only_the_versions_tell(models: Path, description: Description):
    (models / ".last-version").unlink()
    (models / "generator" / "8").mkdir()
    assert publish_again(models, description) == 9


def test_config_is_written_once_and_left_alone(models: Path, description: Description):
    config = models / "sampler" / "config.pbtxt"
    edited = config.read_text() + "instance_group [{ count: 2 }]\n"
    config.write_text(edited)
    publish_again(models, description)
    assert config.read_text() == edited


def test_another_shape_is_refused_with_advice(models: Path, description: Description):
    wider = replace(description, x_grid=[*description.x_grid, 2.0])
    with pytest.raises(RepositoryError, match=r"of other dimensions .* with --models"):
        publish_again(models, wider)
    assert Repository(models).versions() == [1]


@pytest.mark.parametrize("bytes_until_full", [0, 100, 4_000, 12_000, 20_000, 24_000])
def test_a_full_disk_publishes_nothing_and_leaves_nothing(
    trained_run: Path, models: Path, bytes_until_full: int
):
    """The kernel refuses to let any file grow past a limit, as a full disk does."""
    before = (
        "signal.signal(signal.SIGXFSZ, signal.SIG_IGN)\n"
        f"resource.setrlimit(resource.RLIMIT_FSIZE, ({bytes_until_full}, {bytes_until_full}))"
    )
    done = publish_in_process(trained_run, models, before)
    assert "RepositoryError: can't publish into" in done.stderr
    assert "File too large" in done.stderr
    assert Repository(models).versions() == [1]
    assert not (models / "generator" / "2").exists()
    assert not leftovers(models)


@pytest.mark.parametrize("renames_before", [0, 1])
def test_kill_9_between_the_renames_leaves_no_half_version(
    trained_run: Path, models: Path, renames_before: int, description: Description
):
    """Killed before either rename, or between them: the version does not exist, and its number
    is not used for another one."""
    before = f"""
import os
import re
rename, calls = Path.rename, []
def kill_at(self, target):
    if len(calls) == {renames_before}:
        os.kill(os.getpid(), signal.SIGKILL)
    calls.append(target)
    return rename(self, target)
Path.rename = kill_at
"""
    assert publish_in_process(trained_run, models, before).returncode == -signal.SIGKILL
    assert Repository(models).versions() == [1]
    assert leftovers(models)
    assert publish_again(models, description) == 3
    assert Repository(models).versions() == [1, 3]
    assert not leftovers(models)


def test_a_generator_that_a_killed_publisher_left_is_removed(
    models: Path, description: Description
):
    shutil.copytree(models / "generator" / "1", models / "generator" / "2")
    publish_again(models, description)
    assert sorted(path.name for path in (models / "generator").glob("[0-9]*")) == ["1", "3"]


def test_ctrl_c_after_the_last_rename_comes_too_late(trained_run: Path, models: Path):
    before = """
rename = Path.rename
def interrupted_afterwards(self, target):
    rename(self, target)
    if target.parent.name == "sampler":
        raise KeyboardInterrupt
Path.rename = interrupted_afterwards
"""
    done = publish_in_process(trained_run, models, before)
    assert done.returncode == 0, done.stderr
    assert Repository(models).versions() == [1, 2]
    Repository(models).load(2)
    assert not leftovers(models)


def test_ctrl_c_between_the_renames_leaves_nothing(trained_run: Path, models: Path):
    before = """
rename, calls = Path.rename, []
def interrupted_after_the_first(self, target):
    calls.append(target)
    if len(calls) == 2:
        raise KeyboardInterrupt
    return rename(self, target)
Path.rename = interrupted_after_the_first
"""
    assert "KeyboardInterrupt" in publish_in_process(trained_run, models, before).stderr
    assert not (models / "generator" / "2").exists()
    assert Repository(models).versions() == [1]
    assert not leftovers(models)


def test_a_folder_without_permission_is_named(models: Path, description: Description):
    models.chmod(0o500)
    user = os.geteuid()
    if user == 0:
        os.seteuid(65534)  # Root may write anywhere; nobody may not.
    try:
        with pytest.raises(RepositoryError, match=r"can't publish into .*: Permission denied"):
            publish_again(models, description)
    finally:
        os.seteuid(user)
        models.chmod(0o700)


def test_a_path_through_a_file_is_named(tmp_path: Path, description: Description):
    (tmp_path / "file").write_text("")
    with pytest.raises(RepositoryError, match=r"can't publish into .*file/models: Not a directory"):
        publish_again(tmp_path / "file" / "models", description)


def test_a_model_with_labels_and_one_without_are_told_apart(
    tmp_path: Path, description: Description
):
    of_days = describe(["cold", "warm"])
    labelled = replace(description, family=of_days.family, inputs=default_inputs(5, 2))
    publish_again(tmp_path / "without", description)
    with pytest.raises(
        RepositoryError,
        match=r"15\]\) than this one's \(\[-1, 5\], \[-1\] -> \[-1, 15\] with labels\)",
    ):
        publish_again(tmp_path / "without", labelled)
    publish_again(tmp_path / "with", labelled)
    with pytest.raises(RepositoryError, match=r"15\] with labels\) than this one's .* --models"):
        publish_again(tmp_path / "with", description)


@pytest.mark.parametrize("labels", [["cold", "warm", "hot"], ["cold"], ["cold", "warm"]])
def test_a_version_may_have_classes_more_or_fewer_at_the_end(tmp_path: Path, labels: list[str]):
    assert publish_again(tmp_path, describe(["cold", "warm"])) == 1
    assert publish_again(tmp_path, describe(labels)) == 2


@pytest.mark.parametrize("labels", [["warm", "cold"], ["cool", "warm"], ["cold", "hot", "warm"]])
def test_another_class_at_an_index_is_refused_with_advice(tmp_path: Path, labels: list[str]):
    publish_again(tmp_path, describe(["cold", "warm"]))
    with pytest.raises(RepositoryError, match=r"the class '\w+' at index \d, this .*--models"):
        publish_again(tmp_path, describe(labels))
    assert Repository(tmp_path).versions() == [1]


def test_config_names_both_inputs_of_a_labelled_model(tmp_path: Path):
    publish_again(tmp_path, describe())
    config = (tmp_path / "sampler" / "config.pbtxt").read_text()
    assert re.findall(r'name: "(\w+)"\n    data_type: (\w+)', config) == [
        ("seeds", "TYPE_INT64"),
        ("labels", "TYPE_INT64"),
        ("curves", "TYPE_FP32"),
    ]
