"""Intake: the public app. It seals what comes in and holds no key that opens anything."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial

from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool

from channels import cloud_events, sms
from channels.portal.desk import Desk
from channels.portal.languages import Languages
from channels.portal.pages import Pages
from channels.sms import SmsIntake, WebhookSecrets
from gateway.core import desk, intake, keys, outbox, systems
from gateway.core.database import Database
from gateway.core.desk import Conversation, Filed
from gateway.core.filing import Attachment, Filing
from gateway.core.guesses import Guesses
from gateway.core.intake import Receipt
from gateway.core.keys import KeySet
from gateway.core.media.incoming import Counter
from gateway.core.media.storing import Store
from gateway.core.messages import Inbound, Status
from gateway.core.outbox import Report
from gateway.core.queues import Waker
from gateway.core.rates import Rates
from gateway.core.receipts import Receipt as WebReceipt
from gateway.core.records import Source
from gateway.core.reports import Report as WebReport
from gateway.core.settings import Settings
from gateway.core.times import Clock, utc_now
from gateway.front import apps, probes, serving
from gateway.front.group import Group
from gateway.front.meters import Accepting, Counts
from gateway.front.places import Place
from gateway.front.pulse import Pulse
from gateway.front.wiring import media
from responders.escalation.feed import Feeds


def run(settings: Settings, place: Place) -> None:
    """Serve the public app until told to stop."""
    serving.serve(make(settings), settings.host, place)


def make(settings: Settings) -> Starlette:
    """Make the public app. Raises: KeyRefused."""
    database, waker = Database(settings.database_url), Waker(settings.redis_url)
    key_set = keys.load(settings.keys, "intake")

    def receive_all(inbounds: Sequence[Inbound]) -> Sequence[Receipt]:
        return intake.receive_all(database, key_set, inbounds)

    def report_all(reports: Sequence[Report]) -> Sequence[bool]:
        return outbox.report_all(database, reports, utc_now())

    reporting = Group(report_all)

    async def report(account: str, send_id: str, sid: str, status: Status, error_code: str | None) -> None:
        await reporting(Report(account, send_id, sid, status, error_code))
        if status in {"failed", "undelivered"}:
            waker.wake("worker")  # A page that did not arrive goes to the next person.

    def close() -> None:
        waker.close()
        database.close()

    webhooks = sms.routes(
        SmsIntake(
            accounts=_secrets(settings),
            public_url=settings.public_url,
            clock=utc_now,
            receive=Group(receive_all),
            report=report,
            stored=lambda: waker.wake("courier"),
        )
    )
    counts = Counts()
    pulse = Pulse(database, "intake", utc_now, check=lambda: _seals(key_set), parts=[counts.to_json])
    # A report has no address, so nothing of it waits for the courier.
    store = media.store_of(settings)
    reports = desk_of(database, key_set, settings.public_url, store, stored=lambda: waker.wake("worker"))
    feeds = Feeds(database, settings.keys, settings.public_url, utc_now)
    rates = Rates(settings.inbound_per_minute)
    told = inbound_of(database, key_set, utc_now, rates, stored=lambda: waker.wake("worker")).routes()
    public = [*webhooks, *told, probes.ready(pulse), *feeds.routes()]
    app = apps.intake(reports, public, settings.public_url, close)
    app.add_middleware(Accepting, path=sms.INBOUND_PATH, counts=counts)
    return probes.living(app, pulse)


def inbound_of(
    database: Database, key_set: KeySet, clock: Clock, rates: Rates, stored: Callable[[], None]
) -> cloud_events.Inbound:
    """Put together what hears other systems."""

    def find(source_id: str) -> Source | None:
        with database.read() as session:
            return systems.find(session, source_id)

    return cloud_events.Inbound(clock, rates, find, partial(systems.receive, database, key_set), stored)


def desk_of(database: Database, key_set: KeySet, public_url: str, store: Store, stored: Callable[[], None]) -> Desk:
    """Put the portal's desk together: reports that come at the same time share a commit."""

    def file_all(filings: Sequence[Filing]) -> Sequence[Filed]:
        return desk.file_all(database, key_set, filings)

    filing = Group(file_all)

    async def file(report: WebReport, brought: Sequence[Attachment]) -> Filed:
        return await filing(Filing(report, utc_now(), brought))

    async def read(receipt: WebReceipt) -> Conversation:
        return await run_in_threadpool(desk.read, database, receipt, utc_now())

    async def version(receipt: WebReceipt) -> str:
        return await run_in_threadpool(desk.version, database, receipt)

    async def answer(receipt: WebReceipt, text: str, once: str, brought: Sequence[Attachment]) -> Filed:
        return await run_in_threadpool(desk.answer, database, key_set, receipt, text, once, utc_now(), brought)

    return Desk(
        database=database,
        pages=Pages(Languages()),
        public_url=public_url,
        clock=utc_now,
        file=file,
        read=read,
        version=version,
        answer=answer,
        stored=stored,
        guessed=Guesses().wrong,
        files=Counter(store, key_set, utc_now),
    )


def _seals(key_set: KeySet) -> None:
    """Seal something, as each text is. Raises: KeyRefused."""
    key_set.seal_address("ready?", "ready")
    key_set.seal_words(None, utc_now(), "ready?", "ready")


def _secrets(settings: Settings) -> dict[str, WebhookSecrets]:
    reporters = WebhookSecrets("reporters", settings.twilio_auth_token, settings.twilio_webhook_secret)
    paging = WebhookSecrets("paging", settings.twilio_paging_auth_token, settings.twilio_paging_webhook_secret)
    pairs = ((settings.twilio_account_sid, reporters), (settings.twilio_paging_account_sid, paging))
    return {sid: secrets for sid, secrets in pairs if sid}
