"""The bench must not rot: its smallest form runs, and its tables and picture can be made of what it found."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest

from tests.bench import picture, report
from tests.support.house import ROOT

pytestmark = pytest.mark.e2e


def test_bench_measures_and_draws(tmp_path: Path) -> None:
    kept = tmp_path / "bench.json"
    command = [sys.executable, "-m", "tests.bench", "--quick", "--database", "sqlite", "--json", str(kept)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False, timeout=300)
    assert done.returncode == 0, done.stderr
    found = json.loads(kept.read_text("utf-8"))
    assert report.table(found) in done.stdout
    sqlite = found["sqlite"]
    assert sqlite["accept"]["ours"]["texts_per_second"] > 0
    assert sqlite["portal"]["ours"]["texts_per_second"] > 0
    assert (sqlite["portal"]["at_once"]["people"], sqlite["portal"]["at_once"]["lost"]) == (6, 0)
    assert sqlite["paging"]["steady"]["critical"]["texts"] == 2
    assert {row["mode"]: row["events"] for row in sqlite["events"]} == {"structured": 60, "binary": 60, "batched": 60}
    assert {row["cases"] for row in sqlite["growth"]} == {100, 200}
    drawn = ET.fromstring(picture.draw(found))  # noqa: S314 - our own
    assert len(drawn.findall("{http://www.w3.org/2000/svg}path")) == 5
