"""An error that nobody caught is logged without its text, wherever it ends a process or a thread."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from tests.support.house import ROOT
from tests.support.leaks import search

NUMBER = "+14045550151"
PROGRAM = """
import threading, warnings
from gateway.core import logs
logs.setup("intake", "DEBUG")
logs.catch_all()
def fail():
    form = {"From": "+14045550151", "Body": "quillfeather"}
    raise ValueError(f"cannot take {form}")
class Late:
    def __del__(self):
        fail()
"""


@pytest.mark.parametrize(
    ("ending", "said"),
    [
        ("fail()", "the process ended by an error"),
        ("thread = threading.Thread(target=fail); thread.start(); thread.join()", "a thread ended by an error"),
        ("Late()", "an error that nobody could be told of"),
        ("warnings.warn('+14045550151 quillfeather')", "py.warnings"),
    ],
    ids=["process", "thread", "finalizer", "warning"],
)
def test_an_uncaught_error_is_logged_without_its_text(ending: str, said: str, tmp_path: Path) -> None:
    program = tmp_path / "program.py"
    program.write_text(PROGRAM + ending, "utf-8")
    environ = {"PYTHONPATH": str(ROOT), "PATH": ""}
    done = subprocess.run([sys.executable, str(program)], capture_output=True, env=environ, check=False, timeout=60)
    told = done.stdout + done.stderr
    assert said.encode() in told
    assert search(told, [NUMBER]) == []
    assert b"quillfeather" not in told
