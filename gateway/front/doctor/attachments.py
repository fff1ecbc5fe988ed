"""Attachments: is there room, does their store answer, can whoever decodes them reach nothing, who screens them?"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

from gateway.core.errors import NotFound, Unavailable
from gateway.core.media.faults import UNKNOWN
from gateway.core.media.kinds import HEAD
from gateway.core.media.screening import Scanner
from gateway.core.media.storing import Store
from gateway.core.media.workshop import Workshop
from gateway.core.settings import Settings
from gateway.front.doctor.finding import Finding
from gateway.front.wiring import media

_NARROW = 2
"""With less free than so many times what is kept for words, somebody should look."""
_NOBODYS = "0" * 32
_SECONDS = 5.0
_STALE = timedelta(days=7)
"""Signatures come daily."""
_SIGNED = "%a %b %d %H:%M:%S %Y"


def attachments(settings: Settings, workshop: Workshop, now: datetime) -> Iterator[Finding]:
    """Look at the store, its room, the process that decodes strangers' files, and the virus scanner if one is named."""
    yield _room(media.store_of(settings), settings.media_keep_free_bytes)
    yield _confinement(workshop)
    if settings.clamd_url:
        yield _screening(Scanner(settings.clamd_url, seconds=_SECONDS), now)


def _room(store: Store, keep_free: int) -> Finding:
    what = "attachments' store"
    try:
        free = store.free_bytes()
        with store.open(_NOBODYS):
            pass
    except NotFound:
        pass
    except Unavailable:
        words = "It does not answer. Words still get through, files wait at the carrier or are refused. Is "
        return Finding(what, "fault", f"{words}TIPLINE_MEDIA_URL right, and may this user read there?")
    if free is None:
        return Finding(what, "ok", "It answers; its room is the provider's to look after.")
    words = f"{_told(free)} are free on its disk, {_told(keep_free)} of them kept for words"
    if free < keep_free:
        return Finding(what, "fault", f"{words}: files are refused now, words are not. Make room.")
    if free < _NARROW * keep_free:
        return Finding(what, "warning", f"{words}: soon files are refused. Make room.")
    return Finding(what, "ok", f"{words}.")


def _confinement(workshop: Workshop) -> Finding:
    """Have the cleaner itself look at a file that is none, and say whether it could shut itself in."""
    what = "cleaner of attachments"
    with workshop.clean([bytes(HEAD)]) as cleaned:
        fault, confined = cleaned.fault, cleaned.confined
    if fault != UNKNOWN:
        words = "It does not work here: no attachment can be opened. Does `python -I -m gateway.core.media.cleaner"
        return Finding(what, "fault", f"{words} 1073741824 60 < /dev/null` say why?")
    if not confined:
        words = "This system does not let it give up files, network and processes: strangers' files are decoded under"
        advice = "Run the worker on Linux with seccomp (CONFIG_SECCOMP_FILTER), on x86-64 or AArch64."
        return Finding(what, "warning", f"{words} limits alone. {advice}")
    return Finding(what, "ok", "It gives up files, network and processes before it looks at a file.")


def _screening(scanner: Scanner, now: datetime) -> Finding:
    """Ask the scanner what it is; it ends its answer with the date of its signatures."""
    what = "virus scanner"
    version = scanner.version()
    if version is None:
        words = "It does not answer at TIPLINE_CLAMD_URL. Files are opened without it two minutes later, and marked."
        return Finding(what, "warning", f"{words} Does clamd run, and may the worker's user connect to it?")
    try:
        signed = datetime.strptime(version.split("/")[2], _SIGNED).replace(tzinfo=UTC)
    except (ValueError, IndexError):
        return Finding(what, "warning", "It answers, but has no dated signatures. Does freshclam run?")
    if now - signed > _STALE:
        return Finding(what, "warning", f"Its signatures are of {signed:%Y-%m-%d}. Does freshclam run?")
    return Finding(what, "ok", f"It answers; its signatures are of {signed:%Y-%m-%d}.")


def _told(size: int) -> str:
    return f"{size / 1024**3:,.1f} GiB"
