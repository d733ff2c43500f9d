"""The files in deploy/: correct, by the tools that know them, and true of the server.

What they start is started here with their command lines and variables, though without what they
take away from it; that .ci/deploy does.
"""

import shlex
import shutil
import ssl
import subprocess
import urllib.request
from pathlib import Path
from typing import Any

import pytest

from curvegan import CurveClient, ServiceError, Tls
from curvegan.address import DEFAULT_ADDRESS
from serve.settings import Settings
from tests.project.deployment import (
    ADDRESSES,
    BIN,
    CONTAINERFILE,
    DROP_IN,
    MANIFEST,
    UNIT,
    UNIT_SETTINGS,
    here,
    image_command,
    image_environment,
    image_variables,
    instructions,
    manifests,
    service_lines,
    unit_environment,
    with_free_ports,
)
from tests.support.authority import Authority
from tests.support.commands import Ports, serving

# Seconds that a server takes at most to end: the grace, then 5 to close what is left.
LONGEST_END = Settings().grace + 5


def check(*command: object) -> str:
    """Returns what a tool printed; fails the test if it finds fault."""
    done = subprocess.run(
        list(map(str, command)), capture_output=True, text=True, timeout=60, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout + done.stderr


@pytest.fixture
def authority(tmp_path: Path) -> Authority:
    return Authority.make(tmp_path / "ca")


def check_access(ports: Ports, authority: Authority) -> None:
    """Fails the test unless clients get in by TLS with the token "secret", and only with it."""
    address, tls = f"localhost{ports.grpc}", Tls(ca=authority.ca_file)
    with CurveClient(address, tls=tls, token="secret") as client:
        assert client.generate([1, 2, 3]).shape == (3, 15)
    with (
        CurveClient(address, tls=tls) as stranger,
        pytest.raises(ServiceError, match="UNAUTHENTICATED"),
    ):
        stranger.generate([1, 2, 3])


# systemd


@pytest.fixture
def machine(published: Path, authority: Authority, tmp_path: Path) -> dict[str, str]:
    """What the paths of the unit are here, after the files were installed."""
    folder = tmp_path / "machine"
    for name in ("etc", "run", "credentials"):
        (folder / name).mkdir(parents=True)
    paths = {
        "/opt/curvegan/bin": str(BIN),
        "/etc/curvegan": str(folder / "etc"),
        "/srv/curvegan/models": str(published),
        "%t/curvegan": str(folder / "run"),
        "%d": str(folder / "credentials"),
    }
    settings = here(UNIT_SETTINGS.read_text(), paths)
    (folder / "etc" / UNIT_SETTINGS.name).write_text(settings)
    cert, key = authority.issue("localhost")
    shutil.copy(cert, folder / "etc" / "tls.pem")
    shutil.copy(key, folder / "etc" / "tls.key")
    (folder / "etc" / "tokens").write_text("secret\n")
    return paths


def unit_command(paths: dict[str, str]) -> list[str]:
    return shlex.split(here(dict(service_lines(UNIT))["ExecStart"], paths))


def unit_variables(path: Path, paths: dict[str, str]) -> dict[str, str]:
    return {name: here(value, paths) for name, value in unit_environment(path).items()}


@pytest.fixture
def systemd_analyze() -> str:
    found = shutil.which("systemd-analyze")
    if not found:
        pytest.skip("no systemd-analyze (Debian: systemd)")
    return found


@pytest.fixture
def installed_unit(machine: dict[str, str], tmp_path: Path) -> Path:
    """The unit with its drop-in; what it starts is there."""
    unit = tmp_path / UNIT.name
    unit.write_text(here(UNIT.read_text(), {"/opt/curvegan/bin": machine["/opt/curvegan/bin"]}))
    (tmp_path / f"{UNIT.name}.d").mkdir()
    shutil.copy(DROP_IN, tmp_path / f"{UNIT.name}.d")
    return unit


def test_systemd_finds_no_fault_with_the_unit(systemd_analyze: str, installed_unit: Path):
    assert check(systemd_analyze, "verify", installed_unit) == ""


def test_the_unit_exposes_as_little_as_a_service_with_a_port_can(
    systemd_analyze: str, installed_unit: Path
):
    # 0 is a service that can do nothing, 10 is root's.
    check(systemd_analyze, "security", "--offline=yes", "--threshold=15", installed_unit)


def test_systemd_waits_for_calls_in_flight():
    service = dict(service_lines(UNIT))
    assert int(service["TimeoutStopSec"]) > LONGEST_END
    # Workers end their calls at a second signal, and the supervisor's is one.
    assert (service["KillMode"], service["KillSignal"]) == ("mixed", "SIGTERM")


def test_the_unit_serves_this_machine(machine: dict[str, str]):
    variables = unit_variables(UNIT, machine)
    # Else the ports of every server.
    free = {"CURVEGAN_LISTEN": "127.0.0.1:0", "CURVEGAN_HTTP": "127.0.0.1:0"}
    with serving(unit_command(machine), variables | free) as ports:
        assert [path.name for path in Path(machine["%t/curvegan"]).iterdir()] != []
        with CurveClient(f"127.0.0.1{ports.grpc}") as client:
            assert client.generate([1, 2, 3]).shape == (3, 15)
    assert list(Path(machine["%t/curvegan"]).iterdir()) == []


def test_the_drop_in_serves_others_with_tls_and_tokens(
    machine: dict[str, str], authority: Authority
):
    for name, value in service_lines(DROP_IN):
        if name == "LoadCredential":
            credential, _, source = value.partition(":")
            shutil.copy(here(source, machine), Path(machine["%d"]) / credential)
    variables = unit_variables(UNIT, machine) | unit_variables(DROP_IN, machine)
    assert set(variables) >= ADDRESSES
    with serving(unit_command(machine), with_free_ports(variables)) as ports:
        check_access(ports, authority)


# The container


def test_hadolint_finds_no_fault_with_the_containerfile():
    check(BIN / "hadolint", CONTAINERFILE)


def test_the_image_exposes_the_ports_that_it_listens_on():
    listens = [image_environment()[name].rpartition(":")[2] for name in ADDRESSES]
    assert dict(instructions())["EXPOSE"].split() == sorted(listens)
    assert image_environment()["CURVEGAN_LISTEN"].endswith(DEFAULT_ADDRESS.rpartition(":")[2])


def test_the_image_wants_tls_or_a_word_to_do_without(published: Path):
    command, variables = image_command(), image_variables(published)
    refused = subprocess.run(
        command, env=variables, capture_output=True, text=True, timeout=60, check=False
    )
    assert refused.returncode == 1
    assert "give --tls-cert and --tls-key, or --insecure" in refused.stderr
    with (
        serving([*command, "--insecure"], variables) as ports,
        CurveClient(f"127.0.0.1{ports.grpc}") as client,
    ):
        assert client.generate([1, 2, 3]).shape == (3, 15)


# Kubernetes


@pytest.fixture(scope="module")
def pod() -> dict[str, Any]:
    return manifests()["Deployment/curvegan"]["spec"]["template"]["spec"]


@pytest.fixture(scope="module")
def container(pod: dict[str, Any]) -> dict[str, Any]:
    (only,) = pod["containers"]
    return only


@pytest.mark.parametrize("version", ["1.30", "1.37"])
def test_the_manifest_is_kubernetes_own(version: str):
    printed = check(
        BIN / "kubernetes-validate", "--strict", "--kubernetes-version", version, MANIFEST
    )
    assert printed.count(" passed ") == len(manifests())


def test_what_the_manifest_refers_to_is_there(pod: dict[str, Any], container: dict[str, Any]):
    found = manifests()
    deployment = found["Deployment/curvegan"]["spec"]
    services = [found["Service/curvegan"]["spec"], found["Service/curvegan-pods"]["spec"]]
    selectors = [
        *(service["selector"] for service in services),
        deployment["selector"]["matchLabels"],
        found["PodDisruptionBudget/curvegan"]["spec"]["selector"]["matchLabels"],
        *(each["labelSelector"]["matchLabels"] for each in pod["topologySpreadConstraints"]),
    ]
    labels = deployment["template"]["metadata"]["labels"].items()
    assert all(selector.items() <= labels for selector in selectors)
    volumes = {volume["name"]: volume for volume in pod["volumes"]}
    assert {mount["name"] for mount in container["volumeMounts"]} == set(volumes)
    claim = volumes["models"]["persistentVolumeClaim"]["claimName"]
    assert f"PersistentVolumeClaim/{claim}" in found
    ports = {port["name"]: port["containerPort"] for port in container["ports"]}
    assert {str(port) for port in ports.values()} == set(dict(instructions())["EXPOSE"].split())
    for port in (port for service in services for port in service["ports"]):
        assert ports[port["targetPort"]] == port["port"]


def test_kubernetes_waits_for_calls_in_flight(pod: dict[str, Any], container: dict[str, Any]):
    pause = container["lifecycle"]["preStop"]["sleep"]["seconds"]
    assert pod["terminationGracePeriodSeconds"] > pause + LONGEST_END


def test_the_unit_and_the_pod_have_the_memory_of_one_worker(container: dict[str, Any]):
    assert dict(service_lines(UNIT))["MemoryMax"] == "1G"
    assert container["resources"]["limits"]["memory"] == "1Gi"
    assert container["resources"]["requests"]["memory"] == "1Gi"


def test_the_pod_serves_with_tls_and_tokens_and_answers_its_probes(
    container: dict[str, Any], published: Path, authority: Authority, tmp_path: Path
):
    mounts = {mount["mountPath"]: tmp_path / mount["name"] for mount in container["volumeMounts"]}
    for folder in mounts.values():
        folder.mkdir()
    cert, key = authority.issue("localhost")
    # By the names of a secret of the type kubernetes.io/tls.
    shutil.copy(cert, tmp_path / "tls" / "tls.crt")
    shutil.copy(key, tmp_path / "tls" / "tls.key")
    (tmp_path / "tokens" / "tokens").write_text("secret\n")
    paths = {path: str(folder) for path, folder in mounts.items() if path != "/models"}
    given = {entry["name"]: here(entry["value"], paths) for entry in container["env"]}
    variables = image_variables(published) | given
    with serving(image_command(), variables | {"TMPDIR": paths["/tmp"]}) as ports:
        check_access(ports, authority)
        # Like the cluster's, which know no certificate.
        trusting = ssl._create_unverified_context()
        for name in ("startupProbe", "readinessProbe", "livenessProbe"):
            probe = container[name]["httpGet"]
            assert (probe["port"], probe["scheme"]) == ("http", "HTTPS")
            url = f"https://127.0.0.1{ports.http}{probe['path']}"
            with urllib.request.urlopen(url, timeout=10, context=trusting) as answer:
                assert answer.status == 200
