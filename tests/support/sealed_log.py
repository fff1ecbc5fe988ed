"""An event log on a real database, with the clock's sealing key, its anchor file, and an auditor's eyes."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from sqlalchemy import text

from gateway.core import events, log_audit
from gateway.core.database import Database
from gateway.core.log_audit import Report
from gateway.core.log_keys import key_id
from gateway.core.log_seal import Sealer
from gateway.front.anchoring import AnchorFile
from tests.support.world import SetClock, World


@dataclass
class SealedLog:
    """What a test of sealing needs; a batch is three events, so that a few make several."""

    database: Database
    path: Path
    key: Ed25519PrivateKey = field(default_factory=Ed25519PrivateKey.generate)
    clock: SetClock = field(default_factory=SetClock)
    sealer: Sealer = field(init=False)
    file: AnchorFile = field(init=False)

    def __post_init__(self) -> None:
        self.keys = {key_id(self.key.public_key()): self.key.public_key()}
        self.restart()

    def restart(self) -> None:
        """Start the clock anew: nothing is remembered but what was written."""
        self.file = AnchorFile(self.path, self.keys)
        self.sealer = Sealer(
            World(self.database, {}).of("clock"), self.key, self.keys, self.clock, self.file.newest, batch=3
        )

    def emit(self, count: int = 1) -> None:
        """Append events, each in a transaction of its own."""
        for number in range(count):
            with self.database.write() as session:
                events.emit(
                    session, "case.opened", subject=f"case/{number}", actor="process:worker", at=self.clock(),
                    district_id=None, reason="sev/ñ", rank=number, rules=["a", "b"], unsure=False, school=None,
                )  # fmt: skip

    def beat(self) -> int:
        """Do what the clock does every few seconds: seal, anchor."""
        made = self.sealer.seal()
        self.file.catch_up(self.database)
        return made

    def filled(self, count: int = 9) -> SealedLog:
        """Emit, seal and anchor: nine events are three batches."""
        self.emit(count)
        self.beat()
        return self

    def sql(self, *statements: str) -> None:
        """Change the database behind everyone's back."""
        with self.database.write() as session:
            for statement in statements:
                session.execute(text(statement))

    def one(self, query: str) -> str:
        """Ask for one value."""
        with self.database.read() as session:
            return str(session.scalar(text(query)))

    def audit(self, *, anchored: bool = True) -> Report:
        """Verify as an auditor would, with or without the anchors."""
        lines = self.path.read_bytes().splitlines() if anchored and self.path.exists() else []
        with World(self.database, {}).of("operator").read() as session:
            return log_audit.verify(session, self.keys, lines)

    def kinds(self, *, anchored: bool = True) -> set[str]:
        """Verify, and name the kinds of findings alone."""
        return {finding.kind for finding in self.audit(anchored=anchored).findings}
