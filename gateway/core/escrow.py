"""Escrow: every key in one encrypted archive, and its secret in shares, so that no single loss loses the tips.

A fresh 256-bit secret encrypts the archive (AES-256-GCM) and is split into SLIP-39 mnemonics: any `needed` of the
`shares` restore it, fewer tell nothing about it. The archive may be copied anywhere; the shares belong to people.

    b"TE1" | nonce, 12 bytes | JSON {"made_at", "keys": {"courier/identity.key": text}} + 16-byte tag

Source: https://github.com/satoshilabs/slips/blob/master/slip-0039.md
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from shamir_mnemonic import MnemonicError, Share, combine_mnemonics, generate_mnemonics

from gateway.core import key_files
from gateway.core.errors import BadInput, KeyRefused, NotFound
from gateway.core.keys import PROCESSES
from gateway.core.times import iso

MOST_SHARES = 16
NOTE = "escrow.json"
_MAGIC = b"TE1"
_NONCE = 12
_NAME = re.compile(r"[a-z]+(/\w[\w.-]*){1,4}\.(key|pub)", re.ASCII)


@dataclass(frozen=True)
class Escrow:
    """An encrypted archive and the mnemonics that open it."""

    archive: bytes = field(repr=False)
    shares: tuple[str, ...] = field(repr=False)


@dataclass(frozen=True)
class Archive:
    """What an archive holds: the text of each key file, by its path under the folder of all keys."""

    made_at: str
    keys: Mapping[str, str] = field(repr=False)


def make(root: Path, *, shares: int, needed: int, now: datetime, secret: bytes, nonce: bytes) -> Escrow:
    """Archive every key file under `root`; `secret` has 32 fresh random bytes, `nonce` 12.

    Raises: BadInput for impossible numbers of shares, NotFound when there are no keys, KeyRefused when the archive
    that was just made cannot be opened with the shares that were just made.
    """
    if not 2 <= needed <= shares <= MOST_SHARES:
        raise BadInput(f"There can be 2 to {MOST_SHARES} shares, and 2 or more of them must be needed.")
    keys = read(root)
    if not keys:
        raise NotFound("There are no keys yet. Run `tipline keys init`.")
    content = json.dumps({"made_at": iso(now), "keys": keys}).encode()
    archive = _MAGIC + nonce + AESGCM(secret).encrypt(nonce, content, _MAGIC)
    (group,) = generate_mnemonics(1, [(needed, shares)], secret, iteration_exponent=0)
    for some in (group[:needed], group[-needed:]):
        if open_archive(archive, some).keys != keys:
            raise KeyRefused("The archive could not be proved. Nothing was written.")
    return Escrow(archive, tuple(group))


def open_archive(archive: bytes, shares: Sequence[str]) -> Archive:
    """Open an archive with shares. Raises: BadInput that says which share is damaged, too few or of another archive."""
    secret = _combine(shares)
    nonce, rest = archive[len(_MAGIC) : len(_MAGIC) + _NONCE], archive[len(_MAGIC) + _NONCE :]
    if not archive.startswith(_MAGIC) or len(rest) < 16:
        raise BadInput("This file is not an archive of keys.")
    try:
        found = json.loads(AESGCM(secret).decrypt(nonce, rest, _MAGIC))
    except InvalidTag:
        raise BadInput("These shares do not open this archive: it is damaged, or they belong to another one.") from None
    return Archive(found["made_at"], {name: text for name, text in found["keys"].items() if _NAME.fullmatch(name)})


def restore(archive: Archive, root: Path) -> int:
    """Write the keys of an archive; the answer counts the files. Other keys are never overwritten.

    Raises: KeyRefused, before anything is written, when `root` holds any key that the archive does not hold like that.
    """
    there = read(root)
    others = sorted(name for name, text in there.items() if archive.keys.get(name) != text)
    if others:
        raise KeyRefused(f"{root} holds other keys ({others[0]} is one). Name an empty folder in TIPLINE_KEYS_DIR.")
    for name, text in sorted(archive.keys.items(), key=lambda item: item[0].endswith(".pub")):
        key_files.put(root / name, text.encode())
    key_files.tell(root, PROCESSES)
    return len(archive.keys)


def missing(archive: Archive, root: Path) -> list[str]:
    """Name the private keys in use under `root` that an archive does not hold: it is older than they are."""
    return sorted(n for n, text in read(root).items() if n.endswith(".key") and text not in archive.keys.values())


def note(root: Path, now: datetime) -> None:
    """Write down when an escrow was made and of which private keys, by id, so that the doctor can tell its age."""
    noted = {"made_at": iso(now), "kids": sorted(_private_ids(root))}
    (root / NOTE).write_text(json.dumps(noted, indent=1), "utf-8")


def uncovered(root: Path) -> int | None:
    """Count the private keys in use that the last escrow made here does not hold; nothing when there is none."""
    if not (root / NOTE).exists():
        return None
    return len(_private_ids(root) - set(json.loads((root / NOTE).read_text("utf-8"))["kids"]))


def _private_ids(root: Path) -> set[str]:
    return {file.kid for file in key_files.listing(root) if file.private}


def read(root: Path) -> dict[str, str]:
    """Read every key file under `root`, by its path."""
    folders = [root / process for process in PROCESSES]
    paths = [path for folder in folders for path in sorted(folder.rglob("*")) if path.suffix in {".key", ".pub"}]
    return {path.relative_to(root).as_posix(): path.read_text("ascii") for path in paths}


def _combine(shares: Sequence[str]) -> bytes:
    parsed = [_parse(number, words) for number, words in enumerate(shares, 1)]
    if not parsed:
        raise BadInput("Name the shares, each with --share.")
    if len({share.identifier for share in parsed}) > 1:
        raise BadInput("These shares belong to different archives. Each says on its first line which one it is of.")
    needed, words = parsed[0].member_threshold, list({share.index: share.mnemonic() for share in parsed}.values())
    if len(words) < needed:
        raise BadInput(f"{needed} different shares are needed, and {len(words)} were given.")
    try:
        # Each share beyond those needed is tried too, so that to prove all of them one names all of them.
        secrets = {combine_mnemonics([*words[: needed - 1], word]) for word in words[needed - 1 :]}
    except MnemonicError:
        raise BadInput("These shares do not belong together.") from None
    return secrets.pop()


def _parse(number: int, words: str) -> Share:
    """Read one mnemonic; the library's own sentences may quote words of it, so they are not passed on."""
    try:
        return Share.from_mnemonic(" ".join(words.split()))
    except MnemonicError:
        raise BadInput(f"Share {number} is mistyped or damaged: its checksum does not fit.") from None
