"""Commands that run something: up, demo, run."""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING, Any

from gateway.core.times import utc_now
from gateway.front import demo, environment, processes, supervise, valkey
from gateway.front.demo import Demo
from gateway.front.places import Var

if TYPE_CHECKING:
    Commands = argparse._SubParsersAction[argparse.ArgumentParser]  # noqa: SLF001 - argparse has no public name for it


def add(commands: Commands) -> None:
    """Add these commands."""
    up = commands.add_parser("up", help="run every process and restart what dies", description=_up.__doc__)
    up.set_defaults(run=_up)
    show = commands.add_parser("demo", help="set up a demo district and run everything", description=_demo.__doc__)
    show.add_argument("--database-url", help="a PostgreSQL database for the demo, in place of the file under var/")
    show.set_defaults(run=_demo)
    one = commands.add_parser("run", help="run one process in the foreground", description=_run.__doc__)
    one.add_argument("name", choices=processes.NAMES)
    one.set_defaults(run=_run)


def _up(_options: argparse.Namespace, var: Var, environ: dict[str, str]) -> int:
    """Run every process under a supervisor, each with its own settings from var/env/NAME.env and its own keys.

    Valkey is embedded when REDIS_URL is not set. Ctrl-C stops everything.
    """
    given = environment.of_children(environ, only_files=False)
    names = [name for name in processes.NAMES if name != "phones"]
    if not _embeds_valkey(var, given):
        names.remove("valkey")
    with supervise.only_one(var):
        supervise.check_ports(names, given, given.get("TIPLINE_HOST") or "127.0.0.1")
        if "valkey" in names:
            valkey.prepare(var)
        return supervise.run(var, names, given, lambda: _say(f"Tipline runs. Logs: {var.logs}. Ctrl-C stops it."))


def _demo(options: argparse.Namespace, var: Var, environ: dict[str, str]) -> int:
    """Set up a made-up district with a stand-in for the phone company, and run everything. Ctrl-C stops it.

    A second start keeps the data. Settings of real systems in your environment are left aside.
    """
    given = environment.of_children(environ, only_files=True)
    with supervise.only_one(var):
        supervise.check_ports(processes.NAMES, given)
        _say("Tipline starts: keys, tables, a district with some past cases ...")
        made = demo.prepare(var, given, utc_now(), options.database_url)
        return supervise.run(var, processes.NAMES, given, lambda: _welcome(made, var))


def _run(options: argparse.Namespace, var: Var, environ: dict[str, str]) -> int:
    """Run one process in the foreground. It reads var/env/NAME.env if there is one; real environment variables win."""
    processes.run(options.name, var, environ)
    return 0


def _embeds_valkey(var: Var, environ: dict[str, str]) -> bool:
    return not environ.get("REDIS_URL") and all(
        "REDIS_URL" not in environment.read(var.env(name)) for name in processes.NAMES
    )


def _welcome(made: Demo, var: Var) -> None:
    _say(
        "\nTipline runs. Ctrl-C stops it; your data stays (`make reset` clears it).\n\n"
        f"  The phones    {made.urls['phones']}   text the school, see the page arrive\n"
        f"  The console   {made.urls['console']}   sign in: {made.username} / {made.password}\n"
        f"  Public side   {made.urls['intake']}\n\n"
        f"  Logs          {var.logs}\n"
    )


def _say(*words: Any) -> None:
    print(*words, flush=True)
