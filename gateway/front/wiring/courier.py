"""Courier: knows addresses, threads what came in, texts reporters. It listens on no port."""

from __future__ import annotations

from channels.sms import TwilioSender
from gateway.core import keys
from gateway.core.courier import Courier
from gateway.core.database import Database
from gateway.core.messages import Sender
from gateway.core.queues import Waker
from gateway.core.settings import Settings
from gateway.core.times import utc_now
from gateway.front import jobs
from gateway.front.duties import Duty, telling
from gateway.front.places import Place
from gateway.front.wiring.accounts import account_of


def run(settings: Settings, place: Place) -> None:
    """Thread and send until told to stop."""
    database, waker = Database(settings.database_url), Waker(settings.redis_url)
    sender = make_sender(settings)
    jobs.work("courier", make(settings, database, waker, sender), settings.redis_url, place)
    sender.close()
    waker.close()
    database.close()


def make_sender(settings: Settings) -> TwilioSender:
    """Make the way to the account that texts reporters. Raises: SettingsRefused."""
    account = account_of(settings.twilio_account_sid, settings.twilio_api_key, settings.twilio_api_secret, settings)
    return TwilioSender(account, settings.public_url)


def make(settings: Settings, database: Database, waker: Waker, sender: Sender) -> list[Duty]:
    """Make its duties: threading and sending, apart, so that a slow carrier holds up nobody. Raises: KeyRefused."""
    key_set = keys.load(settings.keys, "courier")
    courier = Courier(database, key_set, sender, telling(utc_now))
    sending = Duty("send", courier.send_all)

    def thread() -> None:
        if courier.thread_all():
            waker.wake("worker")
            sending.ring()

    return [Duty("thread", thread), sending]
