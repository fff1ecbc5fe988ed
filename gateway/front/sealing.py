"""The clock's sealing duty: seal what is settled, anchor what is sealed. Without the log key there is none."""

from __future__ import annotations

from gateway.core import log_keys
from gateway.core.database import Database
from gateway.core.errors import Unavailable
from gateway.core.log_heads import Head
from gateway.core.log_seal import Sealer
from gateway.core.logs import log
from gateway.core.settings import Settings
from gateway.core.times import Clock
from gateway.front.anchoring import AnchorFile, AnchorHook
from gateway.front.duties import Duty

EVERY_SECONDS = 5.0


def duties(settings: Settings, database: Database, clock: Clock) -> list[Duty]:
    """Make the duties that seal and anchor, as far as there is a key and a place. Raises: KeyRefused when damaged."""
    key, keys = log_keys.signing(settings.keys), log_keys.verifying(settings.keys)
    if key is None:
        log().warning("the event log is not sealed: there is no log key; run `tipline keys init`")
        return []
    file = AnchorFile(settings.anchor_file, keys) if settings.anchor_file else None
    sealer = Sealer(database, key, keys, clock, anchored=lambda: _newest(file))
    found = [
        Duty("seal", sealer.seal, *([lambda: file.catch_up(database)] if file else []), every_seconds=EVERY_SECONDS)
    ]
    if settings.anchor_url:
        hook = AnchorHook(settings.anchor_url, settings.public_url, database, keys, clock)
        found.append(Duty("anchor", hook.step, every_seconds=EVERY_SECONDS))
    return found


def _newest(file: AnchorFile | None) -> Head | None:
    """Ask the file; one that is away must not keep the log from being sealed, and is caught up with later."""
    try:
        return file.newest() if file else None
    except Unavailable:
        log().warning("the anchor file cannot be read; sealing goes on without it")
        return None
