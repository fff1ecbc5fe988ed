"""Intake: the public app. It seals what comes in and holds no key that opens anything."""

from __future__ import annotations

from collections.abc import Sequence

from starlette.applications import Starlette

from channels import sms
from channels.sms import SmsIntake, WebhookSecrets
from gateway.core import intake, keys, outbox
from gateway.core.database import Database
from gateway.core.intake import Receipt
from gateway.core.keys import KeySet
from gateway.core.messages import Inbound, Status
from gateway.core.outbox import Report
from gateway.core.queues import Waker
from gateway.core.settings import Settings
from gateway.core.times import utc_now
from gateway.front import apps, probes, serving
from gateway.front.group import Group
from gateway.front.meters import Accepting, Counts
from gateway.front.places import Place
from gateway.front.pulse import Pulse


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
    app = apps.intake(database, [*webhooks, probes.ready(pulse)], settings.public_url, close)
    app.add_middleware(Accepting, path=sms.INBOUND_PATH, counts=counts)
    return probes.living(app, pulse)


def _seals(key_set: KeySet) -> None:
    """Seal something, as each text is. Raises: KeyRefused."""
    key_set.seal_address("ready?", "ready")
    key_set.seal_words(None, utc_now(), "ready?", "ready")


def _secrets(settings: Settings) -> dict[str, WebhookSecrets]:
    reporters = WebhookSecrets("reporters", settings.twilio_auth_token, settings.twilio_webhook_secret)
    paging = WebhookSecrets("paging", settings.twilio_paging_auth_token, settings.twilio_paging_webhook_secret)
    pairs = ((settings.twilio_account_sid, reporters), (settings.twilio_paging_account_sid, paging))
    return {sid: secrets for sid, secrets in pairs if sid}
