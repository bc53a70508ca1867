"""What a result was measured on: machine, versions, date."""

from __future__ import annotations

import datetime
import os
import platform
import subprocess
import sys
from importlib import metadata
from pathlib import Path
from typing import Any

from peers import PEERS


def cores() -> list[int]:
    """The cores that this process may use; empty where the system cannot tell."""
    if hasattr(os, "sched_getaffinity"):
        return sorted(os.sched_getaffinity(0))
    return []


def _processor() -> str:
    try:
        for line in Path("/proc/cpuinfo").read_text().splitlines():
            if line.startswith("model name"):
                return line.partition(":")[2].strip()
    except OSError:
        pass
    return platform.processor() or platform.machine()


def _commit(root: Path) -> str:
    try:
        run = subprocess.run(
            ["git", "describe", "--always", "--dirty"],
            cwd=root,
            capture_output=True,
            text=True,
            check=True,
        )
    except (OSError, subprocess.CalledProcessError):
        return "unknown"
    return run.stdout.strip()


def versions(names: list[str]) -> dict[str, str]:
    found: dict[str, str] = {}
    for name in names:
        try:
            found[name] = metadata.version(PEERS[name].package)
        except metadata.PackageNotFoundError:
            found[name] = "checkout" if name == "bpe" else "not installed"
    return found


def describe(root: Path, peers: list[str]) -> dict[str, Any]:
    return {
        "date": datetime.datetime.now(datetime.UTC).isoformat(timespec="seconds"),
        "processor": _processor(),
        "machine": platform.machine(),
        "system": platform.system(),
        "cores": len(cores()) or os.cpu_count(),
        "python": f"{platform.python_implementation()} {platform.python_version()}",
        "debug": hasattr(sys, "gettotalrefcount"),
        "commit": _commit(root),
        "versions": versions(peers),
    }
