"""Commands that run something: up, demo, run."""

from __future__ import annotations

import argparse
import os
import sys
from importlib import import_module

from gateway.core.times import utc_now
from gateway.front import environment, processes, supervise
from gateway.front.places import NAMES, Var
from gateway.front.supervise import Hopes

_OURS_ALONE = 0o077
"""The umask of all that runs: databases, logs and keys are for their owner's eyes only."""


def up(_options: argparse.Namespace, var: Var, environ: dict[str, str]) -> int:
    """Run every process but the demo's, until told to stop."""
    os.umask(_OURS_ALONE)
    given = environment.of_children(environ, only_files=False)
    embedded = not given.get("REDIS_URL") and not any("REDIS_URL" in environment.read(var.env(name)) for name in NAMES)
    names = [name for name in NAMES if name != "phones" and (embedded or name != "valkey")]
    with supervise.only_one(var):
        supervise.check_ports(names, var, given)
        environment.note_ports(var, given)
        hopes = Hopes(lambda: _say(f"Tipline runs. Logs: {var.logs}. Ctrl-C stops it."), _warn)
        return _stopped(supervise.run(var, names, given, hopes), var)


def demo(options: argparse.Namespace, var: Var, environ: dict[str, str]) -> int:
    """Set up what is missing and run everything, until told to stop."""
    os.umask(_OURS_ALONE)
    given = environment.of_children(environ, only_files=True)
    with supervise.only_one(var):
        supervise.check_ports(NAMES, var, given)
        environment.note_ports(var, given)
        _say("Tipline starts: keys, tables, a district with some past cases ...")
        made = import_module("gateway.front.demo").prepare(var, given, utc_now(), options.database_url)
        hopes = Hopes(lambda: _say(made.welcome(var)), _warn, gives_up=True)
        return _stopped(supervise.run(var, NAMES, given, hopes), var)


def run(options: argparse.Namespace, var: Var, environ: dict[str, str]) -> int:
    """Run one process until told to stop."""
    os.umask(_OURS_ALONE)
    processes.run(options.name, var, environ)
    return 0


def _stopped(code: int, var: Var) -> int:
    _say(f"\nStopped. Your data is in {var.root}.")
    return code


def _say(words: str) -> None:
    print(words)
    sys.stdout.flush()


def _warn(words: str) -> None:
    print(f"tipline: {words}", file=sys.stderr, flush=True)
