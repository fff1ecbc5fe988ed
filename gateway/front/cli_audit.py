"""The command that verifies the event log. It needs public keys only, so an auditor can run it on a copy."""

from __future__ import annotations

import argparse
import json
from collections.abc import Iterable
from contextlib import AbstractContextManager, nullcontext
from pathlib import Path

from gateway.core import log_audit, log_keys
from gateway.core.database import Database
from gateway.core.errors import BadInput, KeyRefused
from gateway.core.log_audit import Report
from gateway.core.settings import Settings
from gateway.front import environment
from gateway.front.places import Var


def verify(options: argparse.Namespace, var: Var, environ: dict[str, str]) -> int:
    """Check the event log against its seals and anchors. Exit code 1 when anything was changed."""
    settings = environment.load("operator", var, environ)
    keys = log_keys.verifying(settings.keys_dir / log_keys.HOLDER)
    if not keys:
        raise KeyRefused("There is no log.pub to verify with. Run `tipline keys init`, then let the clock seal.")
    anchors = _anchors(options, settings)
    database = Database(settings.database_url)
    try:
        none: AbstractContextManager[Iterable[bytes]] = nullcontext(())
        with anchors.open("rb") if anchors else none as lines, database.read() as session:
            report = log_audit.verify(session, keys, lines)
    except OSError as error:
        raise BadInput(f"The anchors in {anchors} cannot be read.") from error
    finally:
        database.close()
    if options.json:
        print(json.dumps(report.to_json(), indent=1))
    else:
        _print(report, anchors)
    return 1 if report.findings else 0


def _anchors(options: argparse.Namespace, settings: Settings) -> Path | None:
    """Take the file that was named, or the one that the settings name if it is there."""
    if options.anchors:
        return Path(options.anchors)
    usual = settings.anchor_file
    return usual if usual and usual.exists() else None


def _print(report: Report, anchors: Path | None) -> None:
    for finding in report.findings:
        batch = f"batch {finding.batch}" if finding.batch else "anchors"
        print(f"  FAULT    {finding.kind:<8} {batch}: {finding.words}")
    newest = f"the newest sealed at {report.newest.at}" if report.newest else "none yet"
    print(f"{report.events} events in {report.batches} sealed batches, {newest}; {report.unsealed} not sealed yet.")
    if report.destroyed:
        print(f"{report.destroyed} older events went by retention, as signed notes say.")
    if anchors is None:
        print("No anchors were at hand: events and seals that were cut off the end together would not show.")
    else:
        print(f"{report.anchors} heads anchored in {anchors}.")
    print("Something was changed." if report.findings else "Nothing was changed.")
