"""What the pages list is all there is: settings, metrics, errors; and the seed rule's values."""

import json
import re
import sys
import tomllib
from pathlib import Path

import grpc
import numpy as np
from prometheus_client.parser import text_string_to_metric_families

from curvegan import CurveClient
from serve.inference.rest import http_status
from serve.running import running_server
from tests.docs.pages import ROOT, table
from tests.support.commands import run_command
from tests.support.observe import http_get, metric, wait_until


def test_every_option_is_named_with_its_default(tmp_path: Path):
    printed = run_command("serve", "--print-config", cwd=tmp_path).stdout
    defaults = dict.fromkeys(re.findall(r"^# (\w+) is not set", printed, re.M), "not set")
    for name, value in tomllib.loads(printed).items():
        defaults[name] = json.dumps(value) if isinstance(value, bool) else str(value)
    named = {option: default for option, default, _ in table("docs/serving.md", "## Settings")}
    assert named == {f"--{name.replace('_', '-')}": of for name, of in defaults.items()}


def test_every_metric_is_named(published: Path):
    with running_server(published) as server:
        with CurveClient(server.address) as client:
            client.generate([1])
        wait_until(lambda: metric(server, "curvegan_requests_total") == 1)
        _, text = http_get(server, "/metrics")
    shown = {
        f"{family.name}_total" if family.type == "counter" else family.name
        for family in text_string_to_metric_families(text)
    }
    assert {name for name, _ in table("docs/metrics.md", "# Metrics and probes")} == shown


def test_every_error_is_named_with_its_http_status():
    named = {(code, status) for code, status, _ in table("docs/errors.md", "# Errors")}
    for_good = {("RESOURCE_EXHAUSTED", "413")}
    of_the_path = {("UNIMPLEMENTED", "404")}
    of_the_coding = {("INVALID_ARGUMENT", "415")}
    special = for_good | of_the_path | of_the_coding
    assert special < named
    for code, status in named - special:
        assert str(http_status(grpc.StatusCode[code])) == status


def test_the_seed_rule_s_values_are_right():
    sys.path.insert(0, str(ROOT / "examples" / "python"))
    try:
        from curves import seed_noise
    finally:
        sys.path.pop(0)
    for seed, noise in table("docs/seed-rule.md", "# The seed rule"):
        expected = np.array(noise.split(), np.float64)
        found = seed_noise(np.array([int(seed)]), len(expected))
        np.testing.assert_allclose(found[0], expected, rtol=1e-6)
