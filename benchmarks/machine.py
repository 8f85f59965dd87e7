"""What was measured on: read from the machine, so that each table says it itself."""

from __future__ import annotations

import os
import platform
from datetime import UTC, datetime
from pathlib import Path
from typing import Any


def describe(folder: Path) -> dict[str, Any]:
    """``folder`` is where the archives of the measurement lie."""
    return {
        "date": datetime.now(UTC).date().isoformat(),
        "cpu": _field("/proc/cpuinfo", "model name") or platform.processor() or platform.machine(),
        "cores": os.cpu_count(),
        "memory_gib": _memory(),
        "disk": _disk(folder),
        "os": _system(),
        "python": platform.python_version(),
        "load": round(os.getloadavg()[0], 1),
    }


def _memory() -> float:
    total = _field("/proc/meminfo", "MemTotal")
    return round(int(total.split()[0]) / 1024**2, 1) if total else 0.0


def _system() -> str:
    name = _field("/etc/os-release", "PRETTY_NAME", "=").strip('"')
    return f"{name or platform.system()}, kernel {platform.release()}"


def _disk(folder: Path) -> str:
    """The device below the folder, its file system and whether it turns."""
    there = str(folder.resolve())
    best: tuple[str, str, str] = ("", "", "")
    for line in _lines("/proc/mounts"):
        device, point, kind, *_ = line.split()
        inside = there == point or there.startswith(point.rstrip("/") + "/")
        if inside and len(point) >= len(best[1]):
            best = (device, point, kind)
    device = Path(best[0]).name
    turns = "".join(_lines(f"/sys/block/{device.rstrip('0123456789')}/queue/rotational")).strip()
    spins = {"0": "solid state or virtual", "1": "turning, or a virtual disk that says so"}.get(turns, "kind unknown")
    return f"{best[2] or 'unknown'} on {device or 'unknown'} ({spins})"


def _field(path: str, name: str, separator: str = ":") -> str:
    for line in _lines(path):
        key, separated, value = line.partition(separator)
        if separated and key.strip() == name:
            return value.strip()
    return ""


def _lines(path: str) -> list[str]:
    try:
        return Path(path).read_text("utf-8", "replace").splitlines()
    except OSError:
        return []
