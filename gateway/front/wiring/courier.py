"""Courier: knows addresses, threads what came in, texts reporters. It listens on no port."""

from __future__ import annotations

import threading
import time

from channels.sms import TwilioSender
from channels.twilio_client import TwilioAccount
from channels.twilio_mailbox import TwilioMailbox
from channels.twilio_media import TwilioMedia
from gateway.core import keys, rotation
from gateway.core.backfill import Backfill
from gateway.core.courier import Courier, forget_all, reindexing
from gateway.core.database import Database
from gateway.core.keys import KeySet
from gateway.core.messages import Mailbox, Sender
from gateway.core.queues import Waker
from gateway.core.rotation import Renewal
from gateway.core.settings import Settings
from gateway.core.times import utc_now
from gateway.front import jobs
from gateway.front.duties import Duty, Patrol, tell, telling
from gateway.front.places import Place
from gateway.front.pulse import Pulse
from gateway.front.wiring import media, patrols, renewal
from gateway.front.wiring.accounts import account_of

_FORGET_SECONDS = 60.0

_GIVES_WAY_SECONDS, _LOOK_SECONDS = 2.0, 0.03
"""How long in all threading rests for the worker's sake while more and more comes in, and how often it looks."""
_SENDING_WAITS_SECONDS = 3.0
"""How long texts to reporters wait while many messages are put on threads, since people are paged only after that."""


def run(settings: Settings, place: Place) -> None:
    """Thread and send until told to stop."""
    database, waker = Database(settings.database_url), Waker(settings.redis_url)
    sender = make_sender(settings)
    mailbox, files = make_mailbox(settings), TwilioMedia(_account(settings), on_answer=tell)
    duties = [*make(settings, database, waker, sender), *look_after(settings, database, waker, mailbox)]
    duties.append(media.of_courier(settings, database, keys.load(settings.keys, "courier"), files, waker))
    duties.append(Pulse(database, "courier", utc_now, duties=tuple(duties)))
    jobs.work("courier", duties, settings.redis_url, place)
    mailbox.close()
    files.close()
    sender.close()
    waker.close()
    database.close()


def make_sender(settings: Settings) -> TwilioSender:
    """Make the way to the account that texts reporters. Raises: SettingsRefused."""
    return TwilioSender(_account(settings), settings.public_url)


def make_mailbox(settings: Settings) -> TwilioMailbox:
    """Make the way to what that account keeps of reporters' texts. Raises: SettingsRefused."""
    return TwilioMailbox(_account(settings), on_answer=tell)


def make(settings: Settings, database: Database, waker: Waker, sender: Sender) -> list[Duty]:
    """Make its duties: threading and sending, apart, so that a slow carrier holds up nobody. Raises: KeyRefused."""
    key_set = keys.load(settings.keys, "courier")
    courier = Courier(database, key_set, sender, telling(utc_now))
    threaded = threading.Event()
    threaded.set()

    def send() -> None:
        threaded.wait(_SENDING_WAITS_SECONDS)
        courier.send_all()

    sending = Duty("send", send)

    def thread() -> None:
        threaded.clear()
        patience = _GIVES_WAY_SECONDS
        try:
            while courier.thread_some():
                waker.wake("worker")  # After each few, the critical ones first: they do not wait for the rest.
                sending.ring()
                while patience > 0 and courier.gives_way():
                    time.sleep(_LOOK_SECONDS)
                    patience -= _LOOK_SECONDS
        finally:
            threaded.set()

    return [Duty("thread", thread), sending]


def look_after(settings: Settings, database: Database, waker: Waker, mailbox: Mailbox) -> list[Duty]:
    """Make its slow duties: taking in what no webhook brought, deleting it at the carrier, renewing old keys' rows."""
    key_set = keys.load(settings.keys, "courier")
    backfill = Backfill(database, key_set, mailbox, telling(utc_now), "reports", stored=lambda: waker.wake("courier"))
    renewing = renewal.duty(database, renewals(key_set))
    forgetting = Patrol("forget", lambda: forget_all(database), every_seconds=_FORGET_SECONDS)
    return [*patrols.make(backfill), renewing, forgetting]


def renewals(key_set: KeySet) -> list[Renewal]:
    """List what it renews after a rotation: what is sealed to identity and outbound, and blind indexes."""
    return [*rotation.of_courier(key_set), reindexing(key_set)]


def _account(settings: Settings) -> TwilioAccount:
    return account_of(settings.twilio_account_sid, settings.twilio_api_key, settings.twilio_api_secret, settings)
