"""The command that judges texts. It loads nothing but the engine: no database, no settings, no keys."""

from __future__ import annotations

import argparse
import sys
from io import TextIOWrapper

from gateway.front.places import Var
from triage.lines import assess_lines


def assess(_options: argparse.Namespace, _var: Var, _environ: dict[str, str]) -> int:
    """Judge what comes in, line by line."""
    if isinstance(sys.stdin, TextIOWrapper):
        sys.stdin.reconfigure(encoding="utf-8", errors="surrogateescape")
    for line in assess_lines(sys.stdin):
        print(line, flush=True)
    return 0
