"""Staff who warn: two people at the console, a worker that issues, and places where alerts arrive."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from sqlalchemy.orm import undefer

from exports import cap
from gateway.core.keys import KeySet
from gateway.core.messages import SendError
from gateway.core.records import Message, new_id
from responders.cases import service as cases
from responders.cases.records import Case
from responders.directory.records import SchoolArea
from responders.escalation import beginning, drafts, service
from responders.escalation.delivering import Deliverer, Item, Way
from responders.escalation.issuing import Issuer
from responders.escalation.records import Alert, AlertDelivery, AlertTarget, EscalationRules
from tests.support.world import World
from triage.model import Assessment, Category, Severity

ANA, BEN = "account:" + "a" * 32, "account:" + "b" * 32
TIP = "zanzibar: marcus from homeroom 12 has a gun in his blue bag"
SQUARE = "39.10,-105.10 39.10,-105.00 39.20,-105.00 39.20,-105.10 39.10,-105.10"
STATUSES = ["Actual", "Exercise", "System", "Test"]


@dataclass
class Keeping:
    """A way that keeps what it is handed; `refusals` are raised first, one a call. Each call waits for `waits`."""

    items: list[Item] = field(default_factory=list)
    refusals: list[Any] = field(default_factory=list)
    waits: Callable[[], object] = bool

    def send(self, item: Item) -> str:
        """Keep it, or raise."""
        self.waits()
        if self.refusals:
            raise self.refusals.pop(0)
        self.items.append(item)
        return "kept"


@dataclass
class Warners:
    """The hands of a test."""

    world: World
    folder: Path
    """The worker's keys."""
    ways: Mapping[str, Way] = field(default_factory=dict)

    @property
    def keys(self) -> KeySet:
        """The console's keys."""
        return self.world.keys["console"]

    def rules(self, **values: Any) -> None:
        """Set how the district warns."""
        with self.world.database.write() as session:
            given = {"second_person": True, "ipaws": False, "feed": "off", "folder": False, **values}
            session.merge(EscalationRules(district_id=self.world.district_id, **given))

    def area(self, **values: Any) -> None:
        """Say where the school is."""
        given = {"description": "Lincoln High and its grounds", "polygons": [SQUARE], "circles": [],
                 "geocodes": ["SAME=008059"], **values}  # fmt: skip
        with self.world.database.write() as session:
            session.merge(SchoolArea(school_id=self.world.school_id, **given))

    def target(self, way: str, address: str, statuses: list[str] | None = None, secret: str | None = None) -> str:
        """Name a place where alerts go."""
        target_id = new_id()
        sealed = (
            self.world.keys["intake"].seal_delivery(secret, AlertTarget.bound_by(target_id, "secret"))
            if (secret)
            else None
        )
        with self.world.database.write() as session:
            session.add(
                AlertTarget(
                    id=target_id, district_id=self.world.district_id, way=way, address=address,
                    statuses=statuses or STATUSES, secret_sealed=sealed, added_at=self.world.clock(),
                )
            )  # fmt: skip
        return target_id

    def case(self, words: str = TIP, severity: str = "critical", *, unsure: str | None = None) -> Case:
        """Text a tip that is judged as the test says, and give its case."""
        world = self.world
        message_id = world.text(words)
        world.courier.thread_all()
        level = Severity(severity)
        judged = Assessment(
            severity=level, life_safety=level.life_safety, unsure=unsure is not None, unsure_reason=unsure,
            categories=(Category.WEAPON,), indicators=(), missing=(), language="en", rules="1",
        )  # fmt: skip
        with world.database.write() as session:
            message = session.get_one(Message, message_id)
            return cases.take_messages(session, world.keys["worker"], [(message, judged)], world.clock())[0].case

    def draft(self, case: Case, scenario: str = "lockdown", status: str = "Actual", **changes: Any) -> str:
        """Draft the first alert of a case as Ana; the answer is its id."""
        now = self.world.clock()
        with self.world.of("console").write() as session:
            found = session.get_one(Case, case.id)
            begun = replace(beginning.of_case(session, found, scenario, status, now), **changes)
            return service.compose(session, self.keys, found, "alert", begun, ANA, now).id

    def follow(self, alert_id: str, kind: str, actor: str = ANA, **changes: Any) -> str:
        """Draft what follows an alert; the answer is its id."""
        now = self.world.clock()
        with self.world.of("console").write() as session:
            row = session.get_one(Alert, alert_id)
            issued = service.preview(session, self.keys, row, now).alert
            assert issued is not None
            begun = replace(beginning.of_alert(session, row, issued, kind, now), **changes)
            return service.compose(session, self.keys, row, kind, begun, actor, now).id

    def revise(self, alert_id: str, actor: str = ANA, **changes: Any) -> None:
        """Change a draft."""
        with self.world.of("console").write() as session:
            row = session.get_one(Alert, alert_id, options=[undefer(Alert.draft_sealed)])
            draft = drafts.opened(self.keys, row)
            assert draft is not None
            service.revise(session, self.keys, row, replace(draft, **changes), actor, self.world.clock())

    def propose(self, alert_id: str, actor: str = ANA, revision: int | None = None) -> None:
        """Ask for approval."""
        with self.world.of("console").write() as session:
            row = session.get_one(Alert, alert_id)
            service.propose(session, self.keys, row, revision or row.revision, actor, self.world.clock())

    def approve(self, alert_id: str, actor: str = BEN, revision: int | None = None) -> None:
        """Approve."""
        with self.world.of("console").write() as session:
            row = session.get_one(Alert, alert_id)
            service.approve(session, self.keys, row, revision or row.revision, actor, self.world.clock())

    def send(self, alert_id: str) -> cap.Alert:
        """Propose, approve and issue; the answer is what went out."""
        self.propose(alert_id)
        self.approve(alert_id)
        assert self.issue() == 1
        return self.read(alert_id)

    def issue(self) -> int:
        """Let the worker issue what is due."""
        world = self.world
        return Issuer(world.of("worker"), world.keys["worker"], self.folder, world.clock).issue_all()

    def deliver(self) -> int:
        """Let the worker deliver what is due."""
        return Deliverer(self.world.of("worker"), self.ways, self.world.clock).deliver_all()

    def row(self, alert_id: str) -> Alert:
        """Read an alert's row."""
        with self.world.database.read() as session:
            return session.get_one(Alert, alert_id, options=[undefer("*")])

    def read(self, alert_id: str) -> cap.Alert:
        """Read what an alert said when it was issued."""
        document = self.row(alert_id).document
        assert document is not None
        return cap.read(document)

    def deliveries(self) -> list[AlertDelivery]:
        """List all deliveries, oldest first."""
        with self.world.database.read() as session:
            return list(session.query(AlertDelivery).order_by(AlertDelivery.created_at, AlertDelivery.id))


def refusal(code: str, *, retryable: bool = True, after: float | None = None) -> SendError:
    """Make a refusal of a way."""
    return SendError(code, retryable=retryable, retry_after_seconds=after)


def sent(warners: Warners, **changes: Any) -> str:
    """Issue an alert; the answer is its id."""
    alert_id = warners.draft(warners.case(), **changes)
    warners.send(alert_id)
    return alert_id


def fates(warners: Warners) -> list[tuple[str, str, str | None]]:
    """List how each delivery stands: its way, its state, its code."""
    return [(one.way, one.state, one.code) for one in warners.deliveries()]
