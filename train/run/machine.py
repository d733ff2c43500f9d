"""What decides how a training rounds, besides its settings: torch, and what it computes on.

The number of threads is not part of it, for a training has one wherever it runs.
"""

import platform
from collections.abc import Mapping
from pathlib import Path

import torch


def machine(device: torch.device) -> dict[str, str]:
    """Returns the release of torch, the kind of `device`, and the processor.

    A CPU counts by its maker, to which the libraries below torch look, and by the instructions that
    torch's own kernels use: x86_64 GenuineIntel AVX2.
    """
    if device.type == "cuda":
        processor = torch.cuda.get_device_name(device)
    else:
        capability = torch.backends.cpu.get_cpu_capability()
        processor = " ".join(filter(None, (platform.machine(), _maker(), capability)))
    return {"torch": str(torch.__version__), "device": device.type, "processor": processor}


def _maker() -> str:
    """Returns what an x86 processor says of its maker; others say nothing."""
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
    except OSError:
        return ""
    makers = (line.partition(":")[2].strip() for line in lines if line.startswith("vendor_id"))
    return next(makers, "")


def changes(before: Mapping[str, str], now: Mapping[str, str]) -> str:
    """Returns on one line what of `before` is different now; nothing if all of it is the same."""
    return ", ".join(
        f"{name} {now[name]} instead of {value}"
        for name, value in before.items()
        if name in now and now[name] != value
    )
