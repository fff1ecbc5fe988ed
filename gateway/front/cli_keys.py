"""Commands for keys: init, list, rotate, escrow, recover. None of them shows key material but the shares asked for."""

from __future__ import annotations

import argparse
import json
import secrets
from collections.abc import Iterable, Iterator, Sequence
from contextlib import closing
from datetime import timedelta
from pathlib import Path

from cryptography.x509.oid import NameOID
from sqlalchemy import select

from exports import cap
from gateway.core import cap_keys, escrow, key_files, keys, rotation
from gateway.core.database import Database
from gateway.core.errors import BadInput, KeyRefused, NotFound
from gateway.core.key_files import KeyFile, OldKey
from gateway.core.records import District
from gateway.core.settings import Settings
from gateway.core.times import utc_now
from gateway.front import environment, revision
from gateway.front.migrations.tables import METADATA
from gateway.front.places import Var

GRACE = timedelta(minutes=10)
"""How long the newest keys must have been there before old ones may go: nothing that was sealed before is still on
its way into the database then."""
ARCHIVE = "keys.escrow"
_CAP_DAYS = 825


def init(options: argparse.Namespace, var: Var, environ: dict[str, str]) -> int:
    """Make every key that is missing, for each district and two years ahead. What is there stays as it is.

    Raises: KeyRefused when a private key is lost, unless it is to be given up.
    """
    settings = environment.load("operator", var, environ)
    with closing(Database(settings.database_url)) as database:
        districts = _districts(database) if revision.is_current(database) else []
    made = key_files.init(settings.keys_dir, districts, utc_now(), give_up_lost=options.give_up_lost)
    if options.json:
        print(json.dumps({"made": made, "folder": str(settings.keys_dir)}))
    else:
        print(f"{len(made)} keys made in {settings.keys_dir}, one folder for each process.")
    return 0


def show(options: argparse.Namespace, var: Var, environ: dict[str, str]) -> int:
    """List the key files of each process by name and key id; no key material is shown."""
    found = list(key_files.listing(environment.load("operator", var, environ).keys_dir))
    if options.json:
        print(json.dumps([{"process": f.process, "name": f.name, "private": f.private, "kid": f.kid} for f in found]))
    else:
        for line in _summary(found):
            print(line)
    return 0


def _summary(found: Iterable[KeyFile]) -> Iterator[str]:
    """One line for each key of a process; a district's months are one line, whatever their number."""
    months: dict[tuple[str, bool, str], list[str]] = {}
    for file in found:
        folder, _, month = file.name.rpartition("/")
        if folder.count("/") == 1 and folder.startswith("content/"):
            months.setdefault((file.process, file.private, folder), []).append(month.partition(".")[0])
        else:
            yield f"{file.process:<8} {'opens' if file.private else 'seals':<6} {file.name:<22} {file.kid}"
    for (process, private, folder), names in months.items():
        span = f"{min(names)} ... {max(names)}, {len(names)} months"
        yield f"{process:<8} {'opens' if private else 'seals':<6} {folder:<22} {span}"


def rotate(options: argparse.Namespace, var: Var, environ: dict[str, str]) -> int:
    """Make new keys of a kind, or with --finish delete the replaced ones once nothing needs them."""
    settings = environment.load("operator", var, environ)
    if options.finish and options.kind == "log":
        raise BadInput("A log key has nothing to finish: its old private half is gone already.")
    if options.kind == "cap":
        return _rotate_cap(settings.keys_dir, options)
    if options.finish:
        return _finish(options, settings, environment.owner_url(var, environ))
    names = key_files.rotate(settings.keys_dir, options.kind, options.district, options.month)
    if options.json:
        print(json.dumps({"rotated": names}))
        return 0
    if options.kind == "log":
        print(
            "The clock signs with a new log key from its next batch on. Old public halves stay: they verify the past."
        )
        return 0
    print(
        f"{len(names)} new {options.kind} keys are in use; no process needs a restart. The {_HOLDER[options.kind]} now "
        "renews what the old ones hold.\n"
        f"After {_minutes(GRACE)} minutes or more: `tipline keys rotate {options.kind} --finish`. "
        "And make a new escrow: `tipline keys escrow`."
    )
    return 0


def _rotate_cap(root: Path, options: argparse.Namespace) -> int:
    """Prepare the next pair that signs alerts, or with --finish sign with it: receivers must know it by then."""
    now = utc_now()
    if options.finish:
        cap_keys.switch(root, now, key_files.replace)
        words = (
            "Alerts are signed with the new key from now on. The certificate before it stays listed until it expires."
        )
    else:
        there = cap_keys.current(root / cap_keys.HOLDER)
        if there is None:
            raise NotFound("There is no key that signs alerts. Make one: `tipline alerts key --name NAME`.")
        (name,) = there.subject.get_attributes_for_oid(NameOID.COMMON_NAME)[:1]
        pair = cap_keys.bring(*cap.signature.make_key(str(name.value), now, _CAP_DAYS))
        cap_keys.install(root, pair, now, key_files.replace)
        words = (
            f"{root / cap_keys.HOLDER / 'cap-next.pub'} is the next certificate. Give it to whoever trusts the present "
            "one; then `tipline keys rotate cap --finish`. And make a new escrow: `tipline keys escrow`."
        )
    print(json.dumps({"rotated": ["cap"], "in_use": options.finish}) if options.json else words)
    return 0


_HOLDER = {
    "identity": "courier", "outbound": "courier", "index": "courier", "content": "worker", "delivery": "worker",
}  # fmt: skip


def _finish(options: argparse.Namespace, settings: Settings, database_url: str) -> int:
    """Delete replaced keys; the database's owner looks, who alone may read every sealed column.

    Raises: KeyRefused when it is too early, or something still needs one.
    """
    root = settings.keys_dir
    for process in keys.PROCESSES:
        keys.load(root / process, process)  # A process that could not read its folder may still seal to an old key.
    used = key_files.in_use(root, options.kind)
    old = [key for key in key_files.old_keys(root, options.kind) if key.kid not in used]
    left = GRACE - key_files.told_for(root, utc_now())
    if old and left > timedelta():
        raise KeyRefused(f"The new keys are too new. Wait {_minutes(left) + 1} more minutes, then run this again.")
    with closing(Database(database_url)) as database:
        _require_unused(database, old)
    for key in old:
        key_files.retire(root, key)
    if options.json:
        print(json.dumps({"deleted": [key.kid.hex() for key in old]}))
    else:
        print(f"{len(old)} replaced {options.kind} keys are deleted. Backups made before the rotation still need them:")
        print("keep the escrow that holds them as long as those backups.")
    return 0


def _require_unused(database: Database, old: Sequence[OldKey]) -> None:
    with database.read() as session:
        counts = rotation.usage(session, METADATA, old)
    if counts:
        rows = ", ".join(f"{count} rows in {place}" for place, count in counts.items())
        raise KeyRefused(
            f"Replaced keys are still needed by {rows}, so none was deleted. Does the {_HOLDER[old[0].kind]} run? It "
            "looks at every row each minute, and its log names those that it cannot renew."
        )


def make_escrow(options: argparse.Namespace, var: Var, environ: dict[str, str]) -> int:
    """Write an encrypted archive of all keys, and the shares that open it, one file for each holder."""
    root, folder = environment.load("operator", var, environ).keys_dir, Path(options.out)
    if folder.exists() and any(folder.iterdir()):
        raise BadInput(f"{folder} is not empty. Name a new folder: shares of two archives are easily mixed up.")
    now = utc_now()
    made = escrow.make(
        root,
        shares=options.shares,
        needed=options.needed,
        now=now,
        secret=secrets.token_bytes(32),
        nonce=secrets.token_bytes(12),
    )
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    (folder / ARCHIVE).write_bytes(made.archive)
    paths = []
    for number, words in enumerate(made.shares, 1):
        paths.append(folder / f"share-{number}-of-{options.shares}.txt")
        head = _HEAD.format(number=number, of=options.shares, needed=options.needed, made=f"{now:%Y-%m-%d %H:%M} UTC")
        environment.write_private(paths[-1], f"{head}\n{words}\n")
    escrow.note(root, now)
    if options.json:
        print(json.dumps({"archive": str(folder / ARCHIVE), "shares": [str(path) for path in paths]}))
    else:
        print(f"{folder / ARCHIVE} holds every key; any {options.needed} of the {options.shares} shares open it.")
        print("Give each share to another person and delete it here. Keep copies of the archive in two places.")
        print(f"Prove it: tipline keys recover --check --archive {folder / ARCHIVE} --share FILE ...")
    return 0


_HEAD = """\
# Tipline key escrow of {made}, share {number} of {of}.
# Any {needed} of them open the archive; fewer tell nothing about it.
# Keep it on paper or where nobody else can read it. Never send it together with another share.
# To use it: tipline keys recover --archive keys.escrow --share THIS-FILE --share ANOTHER ...
"""


def recover(options: argparse.Namespace, var: Var, environ: dict[str, str]) -> int:
    """Open an archive with shares and write its keys where there are none, or with --check only prove it."""
    root = environment.load("operator", var, environ).keys_dir
    archive = escrow.open_archive(_bytes(options.archive), [_words(path) for path in options.share])
    answer: dict[str, object] = {"made_at": archive.made_at, "files": len(archive.keys)}
    if options.check:
        answer["missing"] = missing = escrow.missing(archive, root)
        words = f"The shares open the archive of {archive.made_at}. It holds {len(archive.keys)} key files."
        if missing:
            words += f"\nIt lacks {len(missing)} private keys that are in use now. Run `tipline keys escrow` again."
    else:
        escrow.restore(archive, root)
        words = f"{len(archive.keys)} key files of {archive.made_at} are in {root}. Run `tipline doctor`."
    print(json.dumps(answer) if options.json else words)
    return 1 if answer.get("missing") else 0


def _bytes(path: str) -> bytes:
    try:
        return Path(path).read_bytes()
    except OSError:
        raise BadInput(f"{path} cannot be read.") from None


def _words(path: str) -> str:
    """Read the words of a share from its file: on a command line they would stay in the shell's history."""
    try:
        lines = _bytes(path).decode("utf-8").splitlines()
    except UnicodeDecodeError:
        raise BadInput(f"{path} is not a share: it is no text.") from None
    return " ".join(line for line in lines if not line.startswith("#"))


def _minutes(span: timedelta) -> int:
    return int(span.total_seconds() // 60)


def _districts(database: Database) -> list[str]:
    with database.read() as session:
        return list(session.scalars(select(District.slug)))
