"""The clock's sealing duty: seal what is settled, anchor what is sealed. Without the log key it does nothing.

The key is read before each run, so a new one is used at once, and one that was made late needs no restart.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from sqlalchemy import func, select

from gateway.core import log_keys, log_seal
from gateway.core.database import Database
from gateway.core.errors import Unavailable
from gateway.core.log_heads import Head, PublicKeys
from gateway.core.log_seal import Horizon, Sealer
from gateway.core.logs import log
from gateway.core.records import Event
from gateway.core.settings import Settings
from gateway.core.times import Clock
from gateway.front.anchoring import AnchorFile, AnchorHook
from gateway.front.duties import Duty

EVERY_SECONDS = 5.0


@dataclass
class Sealing:
    """Sealing and anchoring in one process, step by step. Each raises KeyRefused when a key is damaged."""

    settings: Settings
    database: Database
    clock: Clock
    _horizon: Horizon = field(default_factory=Horizon)
    _hook: AnchorHook | None = None
    _lacked: bool = False

    def seal(self) -> int:
        """Seal all that is settled, and count the batches."""
        key = log_keys.signing(self.settings.keys)
        if key is None:
            if not self._lacked:
                log().warning("the event log is not sealed: there is no log key; run `tipline keys init`")
            self._lacked = True
            return 0
        self._lacked = False
        keys = self._keys(key)
        return Sealer(self.database, key, keys, self.clock, lambda: self._anchored(keys), _horizon=self._horizon).seal()

    def anchor(self) -> int:
        """Append to the anchor file what it lacks, and count the heads."""
        file = self._file(self._keys(None))
        return file.catch_up(self.database) if file else 0

    def post(self) -> bool:
        """Post the newest head, if that is asked for; true when it was taken."""
        keys = self._keys(None)
        if not keys or not self.settings.anchor_url:
            return False
        if self._hook is None:
            settings = self.settings
            self._hook = AnchorHook(settings.anchor_url or "", settings.public_url, self.database, keys, self.clock)
        self._hook.keys = keys
        return self._hook.step()

    def lag(self) -> dict[str, int]:
        """Tell how many events wait for their seal, and for how many seconds. Raises: KeyRefused."""
        keys = self._keys(None)
        with self.database.read() as session:
            last = log_seal.newest(session, keys)
            query = select(func.count(Event.seq), func.min(Event.at))
            waiting, since = session.execute(query.where(Event.seq > (last.last_seq if last else 0))).one()
        seconds = max(0, int((self.clock() - since).total_seconds())) if waiting else 0
        return {"unsealed": waiting, "unsealed_seconds": seconds}

    def _keys(self, own: Ed25519PrivateKey | None) -> PublicKeys:
        """Read what verifies; our own key's other half may not have been written yet."""
        known = log_keys.verifying(self.settings.keys)
        return known | {log_keys.key_id(own.public_key()): own.public_key()} if own else known

    def _file(self, keys: PublicKeys) -> AnchorFile | None:
        return AnchorFile(self.settings.anchor_file, keys) if self.settings.anchor_file else None

    def _anchored(self, keys: PublicKeys) -> Head | None:
        """Ask the file; one that is away must not keep the log from being sealed, and is caught up with later."""
        try:
            file = self._file(keys)
            return file.newest() if file else None
        except Unavailable:
            log().warning("the anchor file cannot be read; sealing goes on without it")
            return None


def duties(settings: Settings, database: Database, clock: Clock) -> list[Duty]:
    """Make the duties that seal and anchor; the webhook has one of its own, so that a slow one holds up nothing."""
    sealing = Sealing(settings, database, clock)
    found = [Duty("seal", sealing.seal, sealing.anchor, every_seconds=EVERY_SECONDS)]
    if settings.anchor_url:
        found.append(Duty("anchor", sealing.post, every_seconds=EVERY_SECONDS))
    return found
