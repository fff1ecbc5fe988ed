"""Worker: judges tips, opens cases, pages people. It opens tips and knows staff's numbers, never a reporter's."""

from __future__ import annotations

from collections.abc import Callable

from channels.sms import TwilioSender
from channels.twilio_client import TwilioAccount
from channels.twilio_mailbox import TwilioMailbox
from gateway.core import keys
from gateway.core.backfill import Backfill
from gateway.core.database import Database
from gateway.core.keys import KeySet
from gateway.core.messages import Mailbox, Sender
from gateway.core.proofs import Prover
from gateway.core.queues import Waker
from gateway.core.rotation import Renewal, Resealing
from gateway.core.settings import Settings
from gateway.core.times import utc_now
from gateway.front import jobs
from gateway.front.duties import Duty, Patrol, tell, telling
from gateway.front.page_times import PageTimes
from gateway.front.places import Place
from gateway.front.pulse import Pulse
from gateway.front.wiring import alerts, media, patrols, renewal, retention, subscriptions
from gateway.front.wiring.accounts import account_of
from responders.dispatch import Dispatcher
from responders.escalation.records import AlertTarget
from responders.linker import Linker
from responders.retention import resealing
from responders.subscriptions.records import SubscriptionSecret
from triage import engine

_PROVE_SECONDS = 60.0


def run(settings: Settings, place: Place) -> None:
    """Dispatch and page until told to stop."""
    database, sender = Database(settings.database_url), make_sender(settings)
    waker, mailbox = Waker(settings.redis_url), make_mailbox(settings)
    times = PageTimes(database, utc_now)
    duties = [*make(settings, database, times.around(sender)), *look_after(settings, database, waker, mailbox)]
    duties += media.of_worker(settings, database, keys.load(settings.keys, "worker"))
    duties += alerts.of_worker(settings, database, keys.load(settings.keys, "worker"))
    deliveries = subscriptions.make(settings, database, keys.load(settings.keys, "worker"))
    duties += deliveries.duties
    duties.append(Pulse(database, "worker", utc_now, duties=tuple(duties), parts=[times.to_json]))
    jobs.work("worker", duties, settings.redis_url, place)
    deliveries.close()
    mailbox.close()
    waker.close()
    sender.close()
    database.close()


def make_sender(settings: Settings) -> TwilioSender:
    """Make the way to the account that pages staff. Raises: SettingsRefused."""
    return TwilioSender(_account(settings), settings.public_url)


def make_mailbox(settings: Settings) -> TwilioMailbox:
    """Make the way to what that account keeps of pages and their answers. Raises: SettingsRefused."""
    return TwilioMailbox(_account(settings), on_answer=tell)


def make(settings: Settings, database: Database, sender: Sender) -> list[Duty]:
    """Make its duties: judging, paging, and sending the pages, side by side. Raises: KeyRefused."""
    key_set = keys.load(settings.keys, "worker")
    engine.prepare()
    judge, pager = (Dispatcher(database, key_set, telling(utc_now), sender, settings.console_url) for _ in range(2))
    sending = Duty("send", pager.send_all, on_call=False)
    paging = Duty("page", pager.page_all, pager.tell_all, on_call=False)
    judge.on_called = paging.ring  # In the middle of a long queue too: pages never wait for its end.
    judge.on_texts = pager.on_texts = sending.ring
    judge.pages_wait = lambda: paging.is_busy() or sending.is_busy()
    linker = Linker(database, key_set, telling(utc_now), on_called=paging.ring)
    linking = Duty("link", linker.run, on_call=False)

    def then_page(step: Callable[[], int]) -> Callable[[], None]:
        return lambda: paging.ring() if step() else None

    dispatch = Duty("dispatch", then_page(judge.answer_all), judge.take_all, then_page(judge.call_all), linking.ring)
    linker.busy = lambda: dispatch.is_busy() or judge.pages_wait()
    return [dispatch, paging, sending, linking]


def look_after(settings: Settings, database: Database, waker: Waker, mailbox: Mailbox) -> list[Duty]:
    """Make its duties at the carrier: answers that no webhook brought, deleting, and texts that prove the lines."""
    key_set = keys.load(settings.keys, "worker")
    backfill = Backfill(database, key_set, mailbox, telling(utc_now), "paging", stored=lambda: waker.wake("courier"))
    prover = Prover(database, key_set, telling(utc_now))
    proving = Patrol("prove", prover.prove_all, every_seconds=_PROVE_SECONDS)
    renewing = renewal.duty(database, renewals(key_set))
    return [*patrols.make(backfill), proving, renewing, retention.of_worker(settings, database, key_set)]


def renewals(key_set: KeySet) -> list[Renewal]:
    """List what it renews after a rotation: what is sealed to content keys, and secrets of receivers."""
    columns = (*resealing.COLUMNS, AlertTarget.secret_sealed, SubscriptionSecret.secret_sealed)
    return [Resealing(key_set, column) for column in columns]


def _account(settings: Settings) -> TwilioAccount:
    return account_of(
        settings.twilio_paging_account_sid, settings.twilio_paging_api_key, settings.twilio_paging_api_secret, settings
    )
