"""A short version of the changes in `make soak`."""

import shutil
from pathlib import Path

from serve.running import running_server
from tests.soak.changes import OPTIONS, change_versions
from tests.support.models import point
from tests.support.observe import standard_error_in


def test_no_request_fails_while_versions_change_and_workers_die(published: Path, tmp_path: Path):
    models = shutil.copytree(published, tmp_path / "models")
    link, log = tmp_path / "link", tmp_path / "log"
    point(link, models)
    with standard_error_in(log), running_server(link, *OPTIONS) as server:
        outcome = change_versions(server, link, seconds=0)
    assert outcome.seen.failures == []
    assert outcome.wrong == []
    assert outcome.killed == 2
    assert outcome.exit_code == 0
    assert set(outcome.seen.answers) == {"small", "streams", "infer", "during shutdown"}
    assert "internal error" not in log.read_text()
