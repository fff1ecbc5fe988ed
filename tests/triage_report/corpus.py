"""The written tips of `triage/corpus`: one JSON object a line, split by theme into a develop and a test half."""

from __future__ import annotations

import json
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import yaml

from triage.model import Severity

ROOT = Path(__file__).parents[2]
FOLDER = ROOT / "triage" / "corpus"
HALVES = ("develop", "test")
LANGUAGES = ("en", "es", "mixed")
REPORTERS = ("bystander", "self", "parent", "staff")
SEEN = ("en1", "en2", "es1")
"""Training tips that authors of rules have read."""
_STRETCH, _PARTS, _HELD = 12, 8, 2
BREAK = "\n---\n"
"""Stands between the messages of a thread."""


@dataclass(frozen=True, slots=True)
class Tip:
    """One tip and its rating; `pair` names the harmless or dangerous twin, `unsure` says that asking is accepted."""

    id: str
    text: str
    lang: str
    reporter: str
    theme: str
    severity: Severity
    category: str
    also: tuple[str, ...]
    unsure: bool
    pair: str | None
    style: tuple[str, ...]
    frame: str

    @property
    def life_safety(self) -> bool:
        """Whether a person must be woken."""
        return self.severity.life_safety

    @property
    def harmless(self) -> bool:
        """Whether nobody must be woken and nothing is to be done."""
        return self.severity is Severity.NONE

    @property
    def messages(self) -> list[str]:
        """The messages of the thread, mostly one."""
        return self.text.split(BREAK)


def read(half: str = "develop", folder: Path = FOLDER) -> list[Tip]:
    """Read the tips of one half, sorted by file and line; without `themes.yaml` all that is there is develop.

    Raises: ValueError where a theme stands in no half: it might be one that nobody is to look at.
    """
    halves, settled = themes(folder), {row["id"]: row for row in _settled(folder)}
    tips = [_settle(tip, settled.get(tip.id)) for tip in read_files(folder / "tips")]
    if halves and (strays := {tip.theme for tip in tips} - halves.keys()):
        raise ValueError(f"{', '.join(sorted(strays))} stands in no half")
    return [tip for tip in tips if halves.get(tip.theme, HALVES[0]) == half]


def read_files(place: Path) -> list[Tip]:
    """Read one file, or every file of a folder."""
    paths = sorted(place.glob("*.jsonl")) if place.is_dir() else [place]
    return [tip for path in paths for tip in read_file(path)]


def read_file(path: Path) -> list[Tip]:
    """Read one file of tips. Raises: KeyError, ValueError where a line has not the shape of a tip."""
    return [_tip(row) for row in rows(path)]


def rows(path: Path) -> list[dict[str, Any]]:
    """Read a file of JSON lines as it stands."""
    return [json.loads(line) for line in path.read_text("utf-8").splitlines() if line.strip()]


def _tip(row: dict[str, Any]) -> Tip:
    severity, also, style = Severity(row["severity"]), tuple(row["also"]), tuple(row["style"])
    return Tip(**{**row, "severity": severity, "also": also, "style": style})


def themes(folder: Path = FOLDER) -> dict[str, str]:
    """Tell the half of each theme: its plan's `split` in `themes.yaml`. Raises: ValueError for one in no half."""
    path = folder / "themes.yaml"
    if not path.exists():
        return {}
    found = {name: theme["plan"]["split"] for name, theme in yaml.safe_load(path.read_text("utf-8"))["themes"].items()}
    if strays := {name for name, half in found.items() if half not in HALVES}:
        raise ValueError(f"{', '.join(sorted(strays))} stands in no half")
    return found


def training(folder: Path = FOLDER) -> dict[str, list[dict[str, Any]]]:
    """Read the tips that only the statistical layer learns from, by the name of their file; nobody is judged by them.

    Each has `text`, `lang`, `severity` and `category`, as its writer rated it.
    """
    return {path.stem: rows(path) for path in sorted((folder / "training").glob("*.jsonl"))}


def is_held(name: str, place: int) -> bool:
    """Tell whether a training tip is held back from the encoder, so that it tells how good that became.

    It is every eighth stretch of twelve lines (twins stand together) of the files that no author of rules has read.
    """
    return name not in SEEN and place // _STRETCH % _PARTS == _HELD


def first_ratings(folder: Path = FOLDER) -> list[Tip]:
    """Read all tips as their writers rated them."""
    return read_files(folder / "tips")


def second_ratings(folder: Path = FOLDER) -> dict[str, dict[str, Any]]:
    """Read what the second rater said, by the tip's id; empty where nobody has rated a second time."""
    return {row["id"]: row for path in sorted((folder / "second").glob("*.jsonl")) for row in rows(path)}


def _settled(folder: Path) -> list[dict[str, Any]]:
    path = folder / "settled.jsonl"
    return rows(path) if path.exists() else []


def _settle(tip: Tip, settled: dict[str, Any] | None) -> Tip:
    """Give a tip the rating that counts where two raters differed."""
    if settled is None:
        return tip
    also = tuple(one for one in tip.also if one != settled["category"])
    return replace(tip, severity=Severity(settled["severity"]), category=settled["category"], also=also)
