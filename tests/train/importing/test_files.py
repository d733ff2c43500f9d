"""A file of any kind is read as the generator that it holds, or refused in one line."""

import pickle
import shutil
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import safetensors.torch
import torch
from torch import nn

from curvegan.errors import CurveganError
from tests.train.importing.originals import (
    N_NOISE,
    N_POINTS,
    deep,
    save_scripted,
    save_traced,
    tutorial,
)
from train.importing.files import read
from train.importing.given import Given


class Wrapped(nn.Module):
    """A module that holds its generator under a name."""

    def __init__(self, net: nn.Module) -> None:
        super().__init__()
        self.net = net

    def forward(self, z: torch.Tensor) -> torch.Tensor:
        return self.net(z)


class Conditional(nn.Module):
    def forward(self, z: torch.Tensor, label: torch.Tensor) -> torch.Tensor:
        return z + label


class Pair(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.net = nn.Linear(5, 15)

    def forward(self, z: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        return self.net(z), z


class Channel(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.net = nn.Linear(5, 15)

    def forward(self, z: torch.Tensor) -> torch.Tensor:
        return self.net(z).unsqueeze(1)


class Choosy(nn.Module):
    """Of many rows it raises what is not one of torch's usual errors."""

    def __init__(self) -> None:
        super().__init__()
        self.net = nn.Linear(5, 15)

    def forward(self, z: torch.Tensor) -> torch.Tensor:
        if z.shape[0] > 2000:
            raise ValueError("no")
        return self.net(z)


class Code:
    """What runs a command when it is unpickled."""

    def __init__(self, command: str) -> None:
        self.command = command

    def __reduce__(self) -> tuple[object, tuple[str]]:
        import os

        return os.system, (self.command,)


SAVED: dict[str, Callable[[nn.Sequential, Path], object]] = {
    "torch.save": lambda net, path: torch.save(net.state_dict(), path),
    "a prefix": lambda net, path: torch.save(Wrapped(Wrapped(net)).state_dict(), path),
    "an old torch": lambda net, path: torch.save(
        net.state_dict(), path, _use_new_zipfile_serialization=False
    ),
    "safetensors": lambda net, path: safetensors.torch.save_file(net.state_dict(), path),
    "script": save_scripted,
    "trace": save_traced,
}


def curves_of(given: Given) -> torch.Tensor:
    noise = torch.linspace(-3, 3, 7 * given.n_noise).reshape(7, given.n_noise)
    with torch.no_grad():
        return given.generator(noise)


@pytest.mark.parametrize("saved", SAVED)
def test_the_tutorial_s_generator_is_an_nn_sequential_again(saved: str, tmp_path: Path):
    SAVED[saved](tutorial(), tmp_path / "g")
    given = read(tmp_path / "g")
    assert (given.n_noise, given.n_points, given.graph) == (N_NOISE, N_POINTS, None)
    assert given.taken_as.endswith(" of Linear(5, 32), ReLU, Linear(32, 15)")
    assert torch.equal(
        curves_of(given), curves_of(Given(given.file, tutorial(), N_NOISE, N_POINTS, ""))
    )


def test_sizes_may_be_any_and_biases_missing(tmp_path: Path):
    layers = nn.Linear(3, 7, bias=False), nn.ReLU(), nn.Linear(7, 40, bias=False)
    torch.save(nn.Sequential(*layers).state_dict(), tmp_path / "g.pt")
    given = read(tmp_path / "g.pt")
    assert (given.n_noise, given.n_points) == (3, 40)


@pytest.mark.parametrize("save", [save_scripted, save_traced])
def test_torchscript_of_another_shape_keeps_its_module_and_gets_a_graph(save, tmp_path: Path):
    """Its weights may look as the tutorial's: what it computes counts."""
    net = nn.Sequential(nn.Linear(5, 16), nn.Tanh(), nn.Linear(16, 15)).eval()
    save(net, tmp_path / "g.pt")
    given = read(tmp_path / "g.pt")
    assert given.is_torchscript
    operators = [node.op_type for node in given.graph.graph.node]
    assert [kind for kind in operators if kind != "Identity"] == ["Gemm", "Tanh", "Gemm"]


def test_a_scripted_module_is_taken_in_evaluation_mode(tmp_path: Path):
    net = nn.Sequential(nn.Linear(5, 16), nn.BatchNorm1d(16), nn.ReLU(), nn.Linear(16, 15))
    save_scripted(net.train(), tmp_path / "g.pt")
    assert read(tmp_path / "g.pt").n_points == 15


def test_a_file_is_known_by_its_name_its_kind_and_its_sum(tmp_path: Path):
    torch.save(tutorial().state_dict(), tmp_path / "mine.pt")
    file = read(tmp_path / "mine.pt").file
    assert (file.name, file.kind, len(file.sha256)) == ("mine.pt", "state_dict", 64)


def changed(**tensors: torch.Tensor) -> dict[str, torch.Tensor]:
    return tutorial().state_dict() | {key.replace("_", "."): it for key, it in tensors.items()}


def modules(**nets: nn.Module) -> dict[str, torch.Tensor]:
    return nn.ModuleDict(nets).state_dict()


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        (deep(nn.ReLU()).state_dict(), "has the layers 0, 2, 4, and does not say what stands"),
        (nn.Linear(5, 15).state_dict(), "holds 'weight', which no layer of an nn.Sequential has"),
        ({"epoch": 3, "G": tutorial().state_dict()}, "holds 'epoch'"),
        (modules(G=tutorial(), D=tutorial()), "holds several modules, 'D.' and 'G.'"),
        (tutorial().double().state_dict(), "in float64: call generator.float()"),
        (tutorial().half().state_dict(), "in float16: call generator.float()"),
        (changed(**{"2_weight": torch.zeros(15, 9)}), "32 outputs, and layer 2 with 9 inputs"),
        (changed(**{"0_bias": torch.zeros(9)}), "which is not a Linear"),
        (changed(**{"0_weight": torch.full((32, 5), torch.nan)}), "curves that are not finite"),
        (tutorial(n_points=1).state_dict(), "makes curves of 1 points: give 2 to 4096"),
        (
            tutorial().to("meta").state_dict(),
            "holds '0.weight' strided on the device meta: save it",
        ),
        (
            changed(**{"0_bias": torch.zeros(32).to_sparse()}),
            "'0.bias' sparse_coo on the device cpu",
        ),
        ([1, 2], "holds a list: expected that of an nn.Sequential(Linear, ReLU, Linear)"),
        ({}, "has the layers none"),
        (tutorial(), "holds Python objects, which could run any code and are not loaded"),
    ],
)
def test_what_is_not_such_a_state_dict_is_refused(content, expected: str, tmp_path: Path):
    torch.save(content, tmp_path / "g.pt")
    with pytest.raises(CurveganError) as refused:
        read(tmp_path / "g.pt")
    assert expected in str(refused.value)
    assert str(tmp_path / "g.pt") in str(refused.value)
    assert "\n" not in str(refused.value)


@pytest.mark.parametrize("write", [pickle.dump, torch.save])
def test_code_in_a_pickle_is_not_run(write, tmp_path: Path):
    with (tmp_path / "g.pt").open("wb") as file:
        write({"0.weight": Code(f"touch {tmp_path / 'ran'}")}, file)
    with pytest.raises(CurveganError, match=r"holds Python objects, .* are not loaded"):
        read(tmp_path / "g.pt")
    assert not (tmp_path / "ran").exists()


def batch_norm_in_training() -> nn.Module:
    return nn.Sequential(nn.Linear(5, 16), nn.BatchNorm1d(16), nn.ReLU(), nn.Linear(16, 15)).train()


@pytest.mark.parametrize(
    ("save", "module", "expected"),
    [
        (save_traced, batch_norm_in_training(), "BatchNorm does in training mode: call generator."),
        (
            save_traced,
            nn.Sequential(nn.Linear(5, 16), nn.Dropout(), nn.Linear(16, 15)).train(),
            "another curve of the same noise each time, and a seed has to be one curve",
        ),
        (save_scripted, tutorial().double(), "has weights in float64: call generator.float()"),
        (save_scripted, Conditional(), "takes z, label: give a generator with one input"),
        (save_scripted, Pair(), "gives a tuple, not a tensor"),
        (save_scripted, Channel(), "float32 [5000, 1, 15] of noise, float32 [5000, 5]"),
        (save_scripted, Choosy(), "can't compute curves of noise, float32 [5000, 5]: "),
        (save_scripted, nn.ReLU(), "no matrix of weights that would tell the size of its noise"),
    ],
)
def test_torchscript_that_is_not_a_generator_is_refused(save, module, expected, tmp_path: Path):
    save(module, tmp_path / "g.pt")
    with pytest.raises(CurveganError) as refused:
        read(tmp_path / "g.pt")
    assert expected in str(refused.value)
    assert "\n" not in str(refused.value)


@pytest.mark.parametrize("kept", [9, 60, 0.5, 0.98])
@pytest.mark.parametrize("saved", SAVED)
def test_a_file_that_is_cut_off_is_refused(saved: str, kept: float, tmp_path: Path):
    path = tmp_path / "g"
    SAVED[saved](tutorial(), path)
    content = path.read_bytes()
    path.write_bytes(content[: int(kept if kept > 1 else kept * len(content))])
    with pytest.raises(CurveganError, match=r"is damaged|cut off"):
        read(path)


@pytest.mark.parametrize("saved", ["torch.save", "script"])
def test_a_file_with_a_changed_bit_is_refused(saved: str, tmp_path: Path):
    """torch itself would take it: it does not look at the checksums."""
    path, net = tmp_path / "g", tutorial()
    SAVED[saved](net, path)
    content = bytearray(path.read_bytes())
    content[content.index(net[0].weight.detach().numpy().tobytes()) + 3] ^= 1
    path.write_bytes(content)
    with pytest.raises(CurveganError, match="is damaged or cut off: copy it again"):
        read(path)


def write_program(path: Path) -> None:
    torch.export.save(torch.export.export(tutorial(), (torch.zeros(2, 5),)), path)


def write_npz(path: Path) -> None:
    with path.open("wb") as file:
        np.savez(file, weights=np.zeros(3))


@pytest.mark.parametrize(
    ("write", "expected"),
    [
        (lambda path: None, "No such file or directory; give a file"),  # noqa: ARG005
        (Path.mkdir, "Is a directory; give a file"),
        (Path.touch, "is empty: give a file with a generator"),
        (lambda path: path.write_text("a generator\n" * 9), "is not a model: give a state_dict"),
        (lambda path: path.write_bytes(bytes(1000)), "is not a model: give a state_dict"),
        (write_npz, "is a zip archive: give a state_dict"),
        (write_program, "is a program of torch.export: give a state_dict"),
    ],
)
def test_what_is_not_a_model_is_refused(write, expected: str, tmp_path: Path):
    write(tmp_path / "g")
    with pytest.raises(CurveganError) as refused:
        read(tmp_path / "g")
    assert expected in str(refused.value)
    assert "\n" not in str(refused.value)


def test_our_own_files_can_be_imported_but_not_a_sampler_s(published: Path, tmp_path: Path):
    for name in ("model.onnx", "model.pt"):
        shutil.copy(published / "generator" / "1" / name, tmp_path / name)
        assert read(tmp_path / name).n_points == 15
        shutil.copy(published / "sampler" / "1" / name, tmp_path / name)
        with pytest.raises(CurveganError, match=r"takes seeds \(int64|can't compute curves of"):
            read(tmp_path / name)
