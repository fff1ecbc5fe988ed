"""Worker: judges tips, opens cases, pages people. It opens tips and knows staff's numbers, never a reporter's."""

from __future__ import annotations

from channels.sms import TwilioSender
from gateway.core import keys
from gateway.core.database import Database
from gateway.core.messages import Sender
from gateway.core.settings import Settings
from gateway.core.times import utc_now
from gateway.front import jobs
from gateway.front.duties import Duty, telling
from gateway.front.places import Place
from gateway.front.wiring.accounts import account_of
from responders.dispatch import Dispatcher
from triage import engine


def run(settings: Settings, place: Place) -> None:
    """Dispatch and page until told to stop."""
    database, sender = Database(settings.database_url), make_sender(settings)
    jobs.work("worker", make(settings, database, sender), settings.redis_url, place)
    sender.close()
    database.close()


def make_sender(settings: Settings) -> TwilioSender:
    """Make the way to the account that pages staff. Raises: SettingsRefused."""
    account = account_of(
        settings.twilio_paging_account_sid, settings.twilio_paging_api_key, settings.twilio_paging_api_secret, settings
    )
    return TwilioSender(account, settings.public_url)


def make(settings: Settings, database: Database, sender: Sender) -> list[Duty]:
    """Make its duties: judging and paging, and apart from them sending the pages. Raises: KeyRefused."""
    key_set = keys.load(settings.keys, "worker")
    dispatcher = Dispatcher(database, key_set, telling(utc_now), sender, settings.console_url)
    engine.assess("ready?")  # The rules are loaded now, not when the first tip is urgent.
    sending = Duty("send", dispatcher.send_all)
    dispatcher.on_texts = sending.ring  # In the middle of a long queue too: pages never wait for its end.
    steps = (dispatcher.answer_all, dispatcher.take_all, dispatcher.page_all, dispatcher.tell_all)
    return [Duty("dispatch", *steps), sending]
