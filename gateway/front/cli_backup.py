"""Commands for backups: make their key, make one, restore one or only prove it."""

from __future__ import annotations

import argparse
import json
from contextlib import closing
from pathlib import Path

from gateway.core import backups, key_ends, log_audit, log_keys
from gateway.core.backups import Backup
from gateway.core.database import Database
from gateway.core.errors import BadInput, Unavailable
from gateway.core.log_audit import Finding, Report
from gateway.core.settings import Settings
from gateway.core.times import iso, utc_now
from gateway.front import environment
from gateway.front.anchoring import AnchorFile
from gateway.front.backup import files, keys, reading, restoring, taking
from gateway.front.backup.reading import Contents
from gateway.front.backup.restoring import Restored
from gateway.front.places import Var
from gateway.front.roles import granting
from gateway.front.wiring import media
from responders.retention import resealing

_SHOWN = 10


def key(options: argparse.Namespace, var: Var, environ: dict[str, str]) -> int:
    """Make the key that opens backups: the private half to a file, the public half for the server."""
    if not options.out:
        raise BadInput("Say with --out where to write the private key.")
    root, path = environment.load("operator", var, environ).keys_dir, Path(options.out)
    kid = keys.make(path, root)
    if options.json:
        print(json.dumps({"private": str(path), "public": str(root / keys.PUBLIC), "key": kid}))
    else:
        print(
            f"{path} opens every backup from now on (key {kid}). Take it off this machine, and keep two copies apart."
        )
        print("Whoever has it can read all that the database shows without a key; without it backups are lost.")
    return 0


def backup(options: argparse.Namespace, var: Var, environ: dict[str, str]) -> int:
    """Write a backup while everyone works on, and note it where the doctor looks."""
    if not options.out:
        raise BadInput("Say with --out where to write the backup: a new file, or a folder.")
    if options.keep is not None and (options.keep < 1 or not Path(options.out).is_dir()):
        raise BadInput("--keep is for a folder, and keeps one backup or more.")
    settings, out = environment.load("operator", var, environ), Path(options.out)
    public = keys.public(Path(options.to) if options.to else settings.keys_dir / keys.PUBLIC)
    with closing(Database(environment.owner_url(var, environ))) as database:
        store = None if options.without_files else media.store_of(settings)
        made = taking.take(database, settings.anchor_file, store, public, out, utc_now)
        _note(database, made)
    # One that lacks files replaces none that may have them.
    prunes = options.keep is not None and not made.missing
    gone = files.prune(out, options.keep, made.as_of) if prunes else []
    if options.json:
        print(json.dumps({**_made(made), "deleted": [path.name for path in gone]}))
    else:
        print(f"A backup of {iso(made.as_of)} is in {out}: {made.size:,} bytes, key {made.kid}, SHA-256 {made.sha256}.")
        print(_told_of_files(made))
        if gone:
            print(f"{len(gone)} older ones were deleted.")
        if options.keep is not None and not prunes:
            print("No older one was deleted: they may hold the files that this one lacks.")
    return 1 if made.missing else 0


def _told_of_files(made: Backup) -> str:
    if made.files is None:
        return "It holds no files of attachments: copy those yourself."
    words = f"It holds {made.files:,} files of attachments"
    words += f"; {made.gone:,} more were cleaned or erased meanwhile." if made.gone else "."
    if made.missing:
        words += f" {made.missing:,} are missing where TIPLINE_MEDIA_URL says: the rest is whole. Is all of it there?"
    return words


def _note(database: Database, made: Backup) -> None:
    try:
        with database.write() as session:
            backups.note(session, made, utc_now())
    except Unavailable as error:
        words = "The backup is whole, but could not be noted: doctor and courier do not know of it. Make another one."
        raise Unavailable(words) from error


def restore(options: argparse.Namespace, var: Var, environ: dict[str, str]) -> int:
    """Put a backup into an empty database and verify its event log, or with --check only prove the file."""
    path, private = Path(options.file), keys.private(Path(options.key))
    if options.check:
        _tell_contents(reading.check(path, private), options.json)
        return 0
    settings = environment.load("operator", var, environ)
    var.root.mkdir(parents=True, exist_ok=True, mode=0o700)
    public = log_keys.verifying(settings.keys_dir / log_keys.HOLDER)
    anchors = AnchorFile(settings.anchor_file, public) if settings.anchor_file and public else None
    with closing(Database(environment.owner_url(var, environ))) as database:
        restored = restoring.restore(database, media.store_of(settings), path, private, anchors, utc_now())
        if granting.exist(database):
            granting.apply(database)
        report = _audit(database, settings) if public else None
        closed = _closed(database, settings.keys_dir / "worker")
    cut, other = _split(report)
    if options.json:
        audit = report.to_json() if report else None
        found = {**_contents(restored.contents), **restored.awake.to_json(), "closed": closed, "audit": audit}
        print(json.dumps(found, indent=1))
    else:
        _tell_restored(restored)
        if closed:
            print(
                f"{closed} texts and notes of then are sealed to months' keys that were destroyed since. Only the "
                "escrow of that day opens them: `tipline keys recover` into an empty TIPLINE_KEYS_DIR."
            )
        _tell_audit(report, cut, other)
    return 1 if other else 0


def _closed(database: Database, folder: Path) -> int:
    """Count what came back under keys that retention has destroyed since the backup."""
    kids = key_ends.destroyed(folder)
    with database.read() as session:
        return resealing.used(session, kids) if kids else 0


def _audit(database: Database, settings: Settings) -> Report:
    public, path = log_keys.verifying(settings.keys_dir / log_keys.HOLDER), settings.anchor_file
    try:
        lines = path.read_bytes().splitlines() if path and path.exists() else []
    except OSError as error:
        raise Unavailable("It is restored, but the anchor file cannot be read: run `tipline audit verify`.") from error
    with database.read() as session:
        return log_audit.verify(session, public, lines)


def _split(report: Report | None) -> tuple[list[Finding], list[Finding]]:
    """Tell what was sealed after the backup, and so went with the old database, from what somebody changed."""
    if report is None:
        return [], []
    newest = report.newest.number if report.newest else 0
    cut = [found for found in report.findings if found.kind == "missing" and (found.batch or 0) > newest]
    return cut, [found for found in report.findings if found not in cut]


def _made(made: Backup) -> dict[str, object]:
    return {
        "as_of": iso(made.as_of), "size": made.size, "sha256": made.sha256, "key": made.kid,
        "files": made.files, "gone": made.gone, "missing": made.missing,
    }  # fmt: skip


def _contents(found: Contents) -> dict[str, object]:
    head = found.head
    return {
        "as_of": iso(head.as_of), "version": head.version, "revision": head.revision, "tables": found.tables,
        "files": found.files,
    }  # fmt: skip


def _tell_contents(found: Contents, as_json: bool) -> None:
    if as_json:
        print(json.dumps(_contents(found), indent=1))
        return
    messages = found.tables.get("messages", {}).get("rows", 0)
    print(f"Whole: {found.rows:,} rows, {messages:,} messages among them, as of {iso(found.head.as_of)}.")
    if found.files is None:
        print("It holds no files of attachments: they must lie where TIPLINE_MEDIA_URL says, copied by yourself.")
        return
    print(f"{found.files['held']:,} files of attachments, {found.files['bytes']:,} bytes, each as it was read.")
    if lacking := found.files["gone"] + found.files["missing"]:
        print(f"{lacking:,} files that its rows name are not in it: they are shown as missing.")


def _tell_restored(restored: Restored) -> None:
    _tell_contents(restored.contents, as_json=False)
    awake, as_of = restored.awake, iso(restored.contents.head.as_of)
    print(
        f"Restored. What was written after {as_of} is not in it; texts come back from the carrier's list by themselves."
    )
    print(f"{awake.queued} texts were waiting and leave now: some may arrive twice. {awake.callouts} callouts go on.")
    if awake.alerts:
        print(f"{awake.alerts} deliveries of alerts were given up: look at them, and send again what still holds.")
    print(
        f"Everyone is signed out. {awake.accounts} accounts and {awake.tokens} tokens let people in as they did then: "
        "disable again whom you have shut out since.\n"
        "Legal holds placed since are gone: place them again, then run `tipline retention run`. Until then nothing is "
        "destroyed."
    )


def _tell_audit(report: Report | None, cut: list[Finding], other: list[Finding]) -> None:
    if report is None:
        print(
            "The event log could not be verified: there is no log.pub. Run `tipline keys recover`, then `audit verify`."
        )
        return
    print(f"Event log: {report.events} events in {report.batches} sealed batches, {report.anchors} heads anchored.")
    if cut:
        print(f"{len(cut)} batches that were sealed after the backup are gone with the old database, as they must be.")
    for found in other[:_SHOWN]:
        print(f"  FAULT    {found.kind:<8} {found.words}")
    print(f"{len(other)} faults. Run `tipline audit verify`." if other else "Nothing was changed.")
