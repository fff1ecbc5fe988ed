"""The composition root: builds the parts of each process from its settings. Nothing else decides what meets what.

Each function loads the keys of its own process and no other's; a key too many stops it right here.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from pydantic import SecretStr
from starlette.applications import Starlette

from channels import sms
from channels.sms import SmsIntake, TwilioSender, WebhookSecrets
from channels.twilio_client import TwilioAccount
from gateway.core import intake, keys, outbox
from gateway.core.courier import Courier
from gateway.core.database import Database
from gateway.core.errors import SettingsRefused
from gateway.core.messages import Inbound, Status
from gateway.core.queues import Waker
from gateway.core.settings import Settings
from gateway.core.times import utc_now
from gateway.front import apps
from gateway.front.duties import Duty
from responders import console, schema
from responders.dispatch import Dispatcher


@dataclass(frozen=True)
class Work:
    """What courier or worker do, and what to close when they end."""

    duties: list[Duty]
    close: Callable[[], None]


def make_intake(settings: Settings) -> Starlette:
    """Make the public app. Raises: KeyRefused, SettingsRefused."""
    database, waker = Database(settings.database_url), Waker(settings.redis_url)
    key_set = keys.load(settings.keys, "intake")

    def receive(inbound: Inbound) -> None:
        intake.receive(database, key_set, inbound)

    def report(send_id: str, sid: str, status: Status, error_code: str | None) -> None:
        with database.write() as session:
            outbox.report(session, send_id, sid, status, error_code, utc_now())
        waker.wake("worker")  # A page that did not arrive goes to the next person.

    webhooks = sms.routes(
        SmsIntake(
            accounts=_webhook_secrets(settings),
            public_url=settings.public_url,
            clock=utc_now,
            receive=receive,
            report=report,
            stored=lambda: waker.wake("courier"),
        )
    )
    return apps.intake(database, webhooks, settings.public_url, _closing(database, waker))


def make_console(settings: Settings) -> Starlette:
    """Make the staff's app. Raises: KeyRefused, SettingsRefused."""
    parts = console.prepare(
        Database(settings.database_url),
        keys.load(settings.keys, "console"),
        utc_now,
        Waker(settings.redis_url),
        settings.console_url,
    )
    return console.create(parts, schema.routes(parts))


def make_courier(settings: Settings) -> Work:
    """Make the courier's duties: threading and sending, apart, so that a slow carrier never holds up threading."""
    database, waker = Database(settings.database_url), Waker(settings.redis_url)
    account = _account(settings.twilio_account_sid, settings.twilio_api_key, settings.twilio_api_secret, settings)
    sender = TwilioSender(account, settings.public_url)
    courier = Courier(database, keys.load(settings.keys, "courier"), sender, utc_now)
    sending = Duty("send", courier.send_all)

    def thread() -> None:
        if courier.thread_all():
            waker.wake("worker")
            sending.ring()

    return Work([Duty("thread", thread), sending], _closing(database, waker))


def make_worker(settings: Settings) -> Work:
    """Make the worker's duties: judging and paging, and apart from it sending the pages."""
    database = Database(settings.database_url)
    account = _account(
        settings.twilio_paging_account_sid, settings.twilio_paging_api_key, settings.twilio_paging_api_secret, settings
    )
    dispatcher = Dispatcher(
        database=database,
        keys=keys.load(settings.keys, "worker"),
        clock=utc_now,
        sender=TwilioSender(account, settings.public_url),
        console_url=settings.console_url,
    )
    sending = Duty("send", dispatcher.send_all)

    steps = (dispatcher.take_all, dispatcher.answer_all, dispatcher.page_all, sending.ring)
    return Work([Duty("dispatch", *steps), sending], database.close)


def _webhook_secrets(settings: Settings) -> dict[str, WebhookSecrets]:
    reporters = WebhookSecrets(settings.twilio_auth_token, settings.twilio_webhook_secret)
    paging = WebhookSecrets(settings.twilio_paging_auth_token, settings.twilio_paging_webhook_secret)
    pairs = ((settings.twilio_account_sid, reporters), (settings.twilio_paging_account_sid, paging))
    return {sid: secrets for sid, secrets in pairs if sid}


def _account(sid: str | None, api_key: str | None, secret: SecretStr | None, settings: Settings) -> TwilioAccount:
    if not (sid and api_key and secret):
        raise SettingsRefused(f"{settings.process} lacks its Twilio account, API key or secret.")
    return TwilioAccount(sid, api_key, secret.get_secret_value(), settings.twilio_api_base_url)


def _closing(database: Database, waker: Waker) -> Callable[[], None]:
    def close() -> None:
        waker.close()
        database.close()

    return close
