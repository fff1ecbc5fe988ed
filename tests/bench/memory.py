"""What each process keeps in memory: its own (USS), its share with what it shares (PSS), and all it touches (RSS)."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

_KEYS = {"Pss:": "pss_mb", "Rss:": "rss_mb", "Private_Clean:": "uss_mb", "Private_Dirty:": "uss_mb"}


@dataclass
class Kept:
    """Megabytes (of 1,048,576 bytes) of one process."""

    process: str
    uss_mb: float = 0.0
    pss_mb: float = 0.0
    rss_mb: float = 0.0


def measure(var: Path) -> list[Kept]:
    """Read it of every process that runs from a `var` folder, supervisors and Valkey included, the largest first."""
    found = [_read(Path(f"/proc/{pid}"), name) for name, pid in running(var).items()]
    return sorted((kept for kept in found if kept), key=lambda kept: -kept.pss_mb)


def running(var: Path) -> dict[str, int]:
    """Name the processes that run from a `var` folder, and their ids."""
    found = {path.stem: int(path.read_text("ascii")) for path in (var / "run").glob("*.ready")}
    known = set(found.values())
    for path in Path("/proc").glob("[0-9]*/environ"):
        pid = int(path.parent.name)
        if pid not in known and _is_of(path, var):
            line = (path.parent / "cmdline").read_bytes().decode().replace("\0", " ")
            found["supervisord" if "gateway.front.supervise" in line else "tipline up"] = pid
    return found


def cpu_seconds(pid: int) -> float:
    """Read how much processor time a process has had, its children's included."""
    fields = Path(f"/proc/{pid}/stat").read_text("ascii").rpartition(")")[2].split()
    return sum(int(field) for field in fields[11:15]) / os.sysconf("SC_CLK_TCK")


def of_postgres(folder: Path) -> float:
    """Sum the PSS of a PostgreSQL server and its backends, by its data folder."""
    pid = int((folder / "data" / "postmaster.pid").read_text("ascii").split()[0])
    kept = [_read(Path(f"/proc/{one}"), "postgres") for one in (pid, *_children(pid))]
    return round(sum(one.pss_mb for one in kept if one), 1)


def _children(pid: int) -> list[int]:
    path = Path(f"/proc/{pid}/task/{pid}/children")
    return [int(one) for one in path.read_text("ascii").split()]


def _is_of(environ: Path, var: Path) -> bool:
    try:
        return f"TIPLINE_VAR={var}\0".encode() in environ.read_bytes()
    except OSError:
        return False


def _read(process: Path, name: str) -> Kept | None:
    try:
        kept = Kept(name)
        for line in (process / "smaps_rollup").read_text("ascii").splitlines():
            key, *rest = line.split()
            if key in _KEYS:
                size = round(getattr(kept, _KEYS[key]) + int(rest[0]) / 1024, 1)
                setattr(kept, _KEYS[key], size)
    except OSError:
        return None
    return kept
