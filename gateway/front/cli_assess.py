"""The command that judges texts. It loads the engine alone: no database, settings or keys, unless it replays."""

from __future__ import annotations

import argparse
import sys
from importlib import import_module
from io import TextIOWrapper

from gateway.core.errors import BadInput
from gateway.front.places import Var
from triage.lines import assess_lines


def assess(options: argparse.Namespace, var: Var, environ: dict[str, str]) -> int:
    """Judge what comes in, line by line; or, asked to replay, what came in before."""
    if options.replay:
        return int(import_module("gateway.front.cli_tune").replay(options, var, environ))
    if options.pack:
        raise BadInput("Say with --replay whose past tips to judge with the pack.")
    if isinstance(sys.stdin, TextIOWrapper):
        sys.stdin.reconfigure(encoding="utf-8", errors="surrogateescape")
    for line in assess_lines(sys.stdin):
        print(line, flush=True)
    return 0
