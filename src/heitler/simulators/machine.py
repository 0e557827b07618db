"""What a number was measured on."""

from __future__ import annotations

import os
import platform
from importlib.metadata import version
from pathlib import Path
from typing import Any

import torch

__all__ = ["machine"]


def machine(device: torch.device | None = None) -> dict[str, Any]:
    """Processor, cores and versions, for cards and tables of results.

    Arguments:
        device: Where the work was done; by default on the CPU, whatever else the machine has.
    """
    on_gpu = device is not None and device.type == "cuda"
    return {
        "hardware": f"{_processor()}, {os.cpu_count()} cores",
        "gpu": torch.cuda.get_device_name(device) if on_gpu else None,
        "threads": torch.get_num_threads(),
        "heitler": version("heitler"),
        "torch": torch.__version__,
        "python": platform.python_version(),
    }


def _processor() -> str:
    """Model name of the processor, where the system tells it."""
    cpuinfo = Path("/proc/cpuinfo")
    lines = cpuinfo.read_text().splitlines() if cpuinfo.exists() else []
    names = [line.split(":", 1)[1].strip() for line in lines if line.startswith("model name")]
    return names[0] if names else platform.processor() or platform.machine()
