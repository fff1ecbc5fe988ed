"""After an outage: real webhook, real stand-in. Nothing lost, nothing twice, nothing left at the carrier."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from pydantic import SecretStr
from sqlalchemy import select, update
from starlette.applications import Starlette
from starlette.types import ASGIApp, Receive, Scope, Send

from channels import sms
from channels.phone.config import Line as PhoneLine
from channels.phone.config import PhoneConfig
from channels.sms import SmsIntake, TwilioSender, WebhookSecrets
from channels.twilio_client import TwilioAccount
from channels.twilio_mailbox import TwilioMailbox
from gateway.core import backfill, intake, outbox
from gateway.core.backfill import Backfill
from gateway.core.courier import Courier
from gateway.core.messages import Inbound, Status
from gateway.core.proofs import Prover
from gateway.core.records import LineProof, Message
from gateway.core.records import Send as Sending
from gateway.core.times import utc_now
from gateway.front.doctor.lines import FALLBACK
from responders.dispatch import Dispatcher
from tests.contract.phone.rig import PAGING as PAGING_ACCOUNT
from tests.contract.phone.rig import REPORTERS, Carrier, run_carrier, serve, wait_for
from tests.support.world import PAGING, REPORTS, SECOND, STUDENT, World


@dataclass
class Flaky:
    """The public side; `broken` says if it answers 500: before its work, after it, or on the first way in alone."""

    app: ASGIApp
    broken: str = ""
    url: str = ""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        async def refuse() -> None:
            await send({"type": "http.response.start", "status": 500, "headers": []})
            await send({"type": "http.response.body", "body": b""})

        async def lose(_message: object) -> None:
            return

        by_fallback = self.broken == "first" and scope.get("query_string")
        if scope["type"] != "http" or not self.broken or by_fallback:
            await self.app(scope, receive, send)
            return
        if self.broken == "after":
            await self.app(scope, receive, lose)
        await refuse()


@dataclass
class Town:
    """A house, its carrier, and what stands between them."""

    world: World
    carrier: Carrier
    public: Flaky
    closing: list[TwilioMailbox | TwilioSender] = field(default_factory=list)

    @property
    def account(self) -> TwilioAccount:
        return TwilioAccount(REPORTERS.sid, REPORTERS.sid, REPORTERS.auth_token, self.carrier.url)

    def start_backfill(self, purpose: str = "reports") -> Backfill:
        """Start anew, as after a restart: nothing is remembered but what the database holds."""
        whose, process = (REPORTERS, "courier") if purpose == "reports" else (PAGING_ACCOUNT, "worker")
        mailbox = TwilioMailbox(TwilioAccount(whose.sid, whose.sid, whose.auth_token, self.carrier.url), page_size=3)
        self.closing.append(mailbox)
        world = self.world
        return Backfill(world.of(process), world.keys[process], mailbox, world.clock, purpose, stored=lambda: None)

    def text(self, body: str, to: str = REPORTS, **more: Any) -> dict[str, Any]:
        """Type a text on the student's phone."""
        return self.carrier.text(body, to, STUDENT, **more)

    def stored(self) -> Counter[str]:
        with self.world.database.read() as session:
            sids = session.scalars(select(Message.provider_sid).where(Message.direction == "in"))
            return Counter(str(sid) for sid in sids)

    def at_carrier(self) -> list[str]:
        with self.carrier.client() as client:
            return [str(message.sid) for message in client.messages.list()]

    def answer(self) -> None:
        """Thread everything, send what is to be sent, and wait until it has arrived."""
        sender = TwilioSender(self.account, self.public.url)
        self.closing.append(sender)
        world = self.world
        courier = Courier(world.of("courier"), world.keys["courier"], sender, world.clock, choose=lambda n: n // 2)
        courier.thread_all()
        courier.send_all()
        wait_for(self._arrived)
        with world.database.write() as session:
            session.execute(update(Message).where(Message.direction == "in").values(dispatched_at=world.clock()))

    def _arrived(self) -> bool:
        with self.world.database.read() as session:
            return set(session.scalars(select(Sending.status))) == {"delivered"}


@pytest.fixture
def town(world: World, tmp_path: Path) -> Iterator[Town]:
    world.clock.now = utc_now()
    public = Flaky(Starlette())
    with serve(public) as public.url:  # type: ignore[arg-type]  # any ASGI app will do
        public.app = Starlette(routes=sms.routes(_intake(world, public.url)))
        with run_carrier(_carrier(tmp_path / "phones.sqlite3", public.url)) as carrier:
            made = Town(world, carrier, public)
            yield made
            for one in made.closing:
                one.close()


def _intake(world: World, url: str) -> SmsIntake:
    async def receive(inbound: Inbound) -> intake.Receipt:
        return intake.receive(world.of("intake"), world.keys["intake"], inbound)

    async def report(account: str, send_id: str, sid: str, status: Status, error_code: str | None) -> None:
        with world.database.write() as session:
            outbox.report(session, account, send_id, sid, status, error_code, world.clock())

    secrets = {
        REPORTERS.sid: WebhookSecrets("reporters", SecretStr(REPORTERS.auth_token), None),
        PAGING_ACCOUNT.sid: WebhookSecrets("paging", None, SecretStr("shared-secret")),
    }
    return SmsIntake(secrets, url, world.clock, receive, report, stored=lambda: None)


def _carrier(store: Path, url: str) -> PhoneConfig:
    hook = f"{url}/sms/inbound"
    lines = [PhoneLine(REPORTS, REPORTERS.sid, "reports", hook, hook + FALLBACK)]
    lines.append(PhoneLine(SECOND, REPORTERS.sid, "reports", hook))
    lines.append(PhoneLine(PAGING, PAGING_ACCOUNT.sid, "pages", hook))
    return PhoneConfig(store=store, accounts=(REPORTERS, PAGING_ACCOUNT), lines=tuple(lines), step_seconds=0.0)


def test_outage_loses_nothing_doubles_nothing_and_leaves_nothing_at_the_carrier(town: Town) -> None:
    sids = [town.text("gun")["sid"]]
    town.public.broken = "before"
    missed = [town.text(f"gun {number}", to=(REPORTS, SECOND)[number % 2]) for number in range(7)]
    town.public.broken = "after"
    answered_badly = town.text("stored, but nobody knows")
    town.public.broken = ""
    assert {text["webhook_status"] for text in (*missed, answered_badly)} == {500}
    sids += [text["sid"] for text in (*missed, answered_badly)]
    assert len(town.stored()) == 2

    assert town.start_backfill().list_all() == 7
    assert town.start_backfill().list_all() == 0, "a restart reads the same window and finds nothing new"
    again = town.text("gun 3", message_sid=missed[3]["sid"], times=3)
    assert again["webhook_status"] == 200
    assert town.stored() == Counter(sids)

    town.answer()
    running = town.start_backfill()
    while running.delete_all():
        pass
    assert town.at_carrier() == []
    assert running.list_all() == 0
    assert town.stored() == Counter(sids)
    assert len([bubble for bubble in town.carrier.screen(STUDENT) if bubble["direction"] == "sent"]) == len(sids)


def test_outage_of_the_list_itself_is_outlasted(town: Town) -> None:
    town.public.broken = "before"
    sid = town.text("gun")["sid"]
    town.public.broken = ""
    running = town.start_backfill()
    for fault in ("429", "500"):
        town.carrier.control(api_fault=fault, api_fault_count=1)
        assert running.list_all() == 0
    assert running.list_all() == 1
    assert town.stored() == Counter([sid])


def test_text_comes_in_by_the_fallback_url_that_the_doctor_asks_for(town: Town) -> None:
    town.public.broken = "first"
    text = town.text("gun")
    assert text["webhook_status"] == 200
    assert town.stored() == Counter([text["sid"]])
    assert town.start_backfill().list_all() == 0


@pytest.mark.parametrize("broken", ["", "before"], ids=["webhook-well", "webhook-broken"])
def test_line_is_proved_by_the_webhook_and_by_nothing_else(
    town: Town, broken: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    world, town.public.broken = town.world, broken
    assert Prover(world.of("worker"), world.keys["worker"], world.clock).prove_all() == 2
    account = TwilioAccount(PAGING_ACCOUNT.sid, PAGING_ACCOUNT.sid, PAGING_ACCOUNT.auth_token, town.carrier.url)
    sender = TwilioSender(account, town.public.url)
    town.closing.append(sender)
    Dispatcher(world.of("worker"), world.keys["worker"], world.clock, sender, "https://console.example").send_all()
    wait_for(lambda: len(town.at_carrier()) == 2)
    if broken:
        assert town.start_backfill().list_all() == 0, "so fresh a text of our own is left to the webhook"
        monkeypatch.setattr(backfill, "GRACE", timedelta(seconds=-60))
        assert town.start_backfill().list_all() == 2
    wait_for(lambda: len(town.stored()) == 2)
    with world.database.read() as session:
        proofs = session.scalars(select(LineProof)).all()
        kinds = session.scalars(select(Message.kind)).all()
    assert [proof.proved_at is not None for proof in proofs] == [not broken] * 2
    assert [proof.silent_at is not None for proof in proofs] == [bool(broken)] * 2
    assert kinds == ["synthetic"] * 2
