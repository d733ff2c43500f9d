"""python -m serve: startup, health, reflection, and shutdown."""

import queue
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path

import grpc
import numpy as np
import pytest
from google.protobuf.descriptor_pool import DescriptorPool
from grpc_health.v1 import health_pb2, health_pb2_grpc
from grpc_reflection.v1alpha.proto_reflection_descriptor_database import (
    ProtoReflectionDescriptorDatabase,
)

from curvegan import CurveClient, ServiceError
from curvegan.v1.curves_pb2 import CurveSource, SeedRange, StreamCurvesRequest
from serve.inference.inference_pb2 import ModelInferRequest
from serve.running import RunningServer, running_server
from serve.settings import Limits
from tests.support.commands import error_line, run_command, try_command, workers_of

SERVICE = "curvegan.v1.CurveService"


def health_of(server: RunningServer, service: str = "") -> int:
    with grpc.insecure_channel(server.address) as channel:
        request = health_pb2.HealthCheckRequest(service=service)
        return health_pb2_grpc.HealthStub(channel).Check(request, timeout=10).status


def generate_forever(client: CurveClient) -> None:
    while True:
        client.generate([1])


def answers(client: CurveClient) -> bool:
    try:
        return len(client.generate([1])) == 1
    except ServiceError:
        return False


@pytest.mark.parametrize("service", ["", SERVICE, "inference.GRPCInferenceService"])
def test_health_says_serving(server: RunningServer, service: str):
    assert health_of(server, service) == health_pb2.HealthCheckResponse.SERVING


def test_reflection_describes_the_whole_contract(server: RunningServer):
    with grpc.insecure_channel(server.address) as channel:
        database = ProtoReflectionDescriptorDatabase(channel)
        assert {SERVICE, "grpc.health.v1.Health"} <= set(database.get_services())
        service = DescriptorPool(database).FindServiceByName(SERVICE)
    assert {"GenerateCurves", "StreamCurves", "GetModel"} == set(service.methods_by_name)


def test_the_server_never_loads_torch(server: RunningServer):
    with CurveClient(server.address) as client:
        client.generate(range(5))
    (worker,) = workers_of(server)
    mapped = Path(f"/proc/{worker}/maps").read_text()
    assert "onnxruntime" in mapped
    assert "libtorch" not in mapped


def test_sigterm_finishes_calls_in_flight_and_exits_with_0(published: Path):
    """Of a stream that is in flight when the signal arrives, no message is lost."""
    count = 2_000_000
    with running_server(published) as server, CurveClient(server.address) as client:
        stream = client.stream(range(count))
        rows = len(next(stream))
        server.process.send_signal(signal.SIGTERM)
        rows += sum(len(curves) for curves in stream)
        assert server.process.wait(timeout=30) == 0
    assert rows == count


def test_new_calls_are_rejected_while_draining(published: Path):
    with running_server(published) as server:
        with (
            CurveClient(server.address) as busy,
            CurveClient(server.address, retry=None) as late,
        ):
            late.model()
            stream = busy.stream(range(5_000_000))
            next(stream)
            server.process.send_signal(signal.SIGTERM)
            with pytest.raises(ServiceError, match="UNAVAILABLE: the server is shutting down"):
                generate_forever(late)
            assert health_of(server) == health_pb2.HealthCheckResponse.NOT_SERVING
            for _ in stream:
                pass
        assert server.process.wait(timeout=40) == 0


def test_an_idle_stream_does_not_delay_the_shutdown(published: Path):
    with running_server(published) as server, grpc.insecure_channel(server.address) as channel:
        requests: queue.SimpleQueue[bytes] = queue.SimpleQueue()
        method = "/inference.GRPCInferenceService/ModelStreamInfer"
        stream = channel.stream_stream(method)(iter(requests.get, None))
        requests.put(ModelInferRequest(model_name="sampler").SerializeToString())
        next(stream)
        server.process.send_signal(signal.SIGTERM)
        with pytest.raises(grpc.RpcError) as caught:
            next(stream)
        assert caught.value.code() is grpc.StatusCode.UNAVAILABLE
        assert "shutting down" in caught.value.details()
        requests.put(None)
        assert server.process.wait(timeout=20) == 0


def test_ctrl_c_stops_the_server_like_sigterm(published: Path):
    with running_server(published) as server:
        server.process.send_signal(signal.SIGINT)
        assert server.process.wait(timeout=20) == 0


def test_a_second_signal_ends_streams_in_flight(published: Path):
    with running_server(published) as server, CurveClient(server.address) as client:
        stream = client.stream(range(2**62))
        next(stream)
        server.process.send_signal(signal.SIGINT)
        with pytest.raises(subprocess.TimeoutExpired):
            server.process.wait(timeout=1)
        server.process.send_signal(signal.SIGINT)
        assert server.process.wait(timeout=10) == 0


def test_signals_in_a_row_do_not_change_the_exit_code(published: Path):
    with running_server(published) as server:
        while server.process.poll() is None:
            server.process.send_signal(signal.SIGTERM)
            time.sleep(0.001)
        assert server.process.returncode == 0


def test_a_stream_over_the_limit_is_rejected(published: Path):
    with (
        running_server(published) as server,
        grpc.insecure_channel(server.address) as channel,
    ):
        call = channel.unary_stream(f"/{SERVICE}/StreamCurves")
        request = StreamCurvesRequest(source=CurveSource(range=SeedRange(count=10**8)))
        calls = [call(request.SerializeToString()) for _ in range(Limits().max_streams)]
        for stream in calls:
            next(stream)
        with pytest.raises(grpc.RpcError) as caught:
            next(call(request.SerializeToString()))
        assert caught.value.code() is grpc.StatusCode.RESOURCE_EXHAUSTED
        for stream in calls:
            stream.cancel()
        with CurveClient(server.address, retry=None) as client:
            while not answers(client):
                pass


def test_a_port_used_by_another_curvegan_server_is_an_error(server: RunningServer, published: Path):
    done = try_command(
        "serve",
        "--models",
        str(published),
        "--listen",
        server.address,
        "--http",
        "off",
        cwd=published,
    )
    assert error_line(done) == (
        f"error: can't listen on {server.address}: Address already in use; "
        "choose another address with --listen"
    )


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost"])
def test_a_port_used_by_another_program_is_an_error(published: Path, host: str):
    with socket.create_server(("127.0.0.1", 0)) as other:
        address = f"{host}:{other.getsockname()[1]}"
        done = try_command(
            "serve", "--models", str(published), "--listen", address, "--http", "off", cwd=published
        )
    assert "Address already in use" in error_line(done)


@pytest.mark.parametrize(
    "listen", ["8001", "localhost", ":8001", "127.0.0.1:", "127.0.0.1:99999", "127.0.0.1:http", ""]
)
def test_an_invalid_address_is_a_one_line_error(listen: str, published: Path):
    done = try_command("serve", "--models", str(published), f"--listen={listen}", cwd=published)
    assert "give host:port" in error_line(done)


@pytest.mark.parametrize("listen", ["a" * 100 + ":80", "..:80"])
def test_an_invalid_host_name_is_a_one_line_error(listen: str, published: Path):
    done = try_command("serve", "--models", str(published), "--listen", listen, cwd=published)
    assert "its host is not a valid name" in error_line(done)


def test_an_address_of_another_machine_is_a_one_line_error(published: Path):
    done = try_command(
        "serve", "--models", str(published), "--listen", "192.0.2.1:8001", cwd=published
    )
    assert "can't listen on 192.0.2.1:8001: Cannot assign requested address" in error_line(done)


def test_a_missing_model_is_a_one_line_error_that_says_how_to_train_one(tmp_path: Path):
    line = error_line(try_command("serve", cwd=tmp_path))
    assert "no model in models" in line
    assert "python -m train" in line


def test_a_damaged_model_is_a_one_line_error_that_names_the_file(models: Path):
    (models / "sampler" / "1" / "model.onnx").write_bytes(b"")
    line = error_line(try_command("serve", "--models", str(models), cwd=models))
    assert "sampler/1/model.onnx is damaged" in line


def test_a_file_as_repository_is_a_one_line_error(tmp_path: Path):
    (tmp_path / "models").write_text("")
    assert "can't read models/sampler: Not a directory" in error_line(
        try_command("serve", cwd=tmp_path)
    )


def test_it_serves_the_newest_version(models: Path, trained_run: Path):
    run_command("train", "publish", str(trained_run), "--models", str(models), cwd=models)
    with running_server(models) as server, CurveClient(server.address) as client:
        assert client.model().version == 2


def test_a_restarted_server_gives_the_same_bytes(published: Path, server: RunningServer):
    with running_server(published) as other, CurveClient(other.address) as client:
        restarted = client.generate(range(1000))
    with CurveClient(server.address) as client:
        np.testing.assert_array_equal(
            client.generate(range(1000)).view(np.uint32), restarted.view(np.uint32)
        )


def test_the_package_serves_without_torch_onnx_or_matplotlib(published: Path):
    """As in an installation without the extra `train`, where importing them fails."""
    program = (
        "import sys\n"
        "for name in ('torch', 'onnx', 'onnxscript', 'matplotlib', 'train'):\n"
        "    sys.modules[name] = None\n"
        "sys.argv = ['serve', '--models', sys.argv[1], *sys.argv[2:]]\n"
        "from serve.__main__ import main\n"
        "main()\n"
    )
    options = ["--listen", "127.0.0.1:0", "--http", "off"]
    command = [sys.executable, "-c", program, str(published), *options]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        try:
            assert process.stdout.readline().startswith("serving version 1 of ")
        finally:
            process.terminate()


def test_a_health_watch_leaves_no_traceback_at_shutdown(
    published: Path, capfd: pytest.CaptureFixture[str]
):
    with (
        running_server(published) as server,
        grpc.insecure_channel(server.address) as channel,
    ):
        watch = health_pb2_grpc.HealthStub(channel).Watch(health_pb2.HealthCheckRequest())
        assert next(watch).status == health_pb2.HealthCheckResponse.SERVING
        server.process.send_signal(signal.SIGTERM)
        assert next(watch).status == health_pb2.HealthCheckResponse.NOT_SERVING
        assert server.process.wait(timeout=20) == 0
    assert capfd.readouterr().err == ""
