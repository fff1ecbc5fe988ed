"""Clock: looks for what is due, and seals the event log. Its one private key signs and opens nothing."""

from __future__ import annotations

from gateway.core import keys
from gateway.core.database import Database
from gateway.core.queues import Waker
from gateway.core.settings import Settings
from gateway.core.times import utc_now
from gateway.front import sealing, sweeps
from gateway.front.duties import Duty, stop_all, telling, watch
from gateway.front.places import Place
from gateway.front.signals import stop_on_signal


def run(settings: Settings, place: Place) -> None:
    """Look and wake until told to stop."""
    keys.load(settings.keys, "clock")  # It seals nothing to anyone; this is what refuses a key too many.
    database, waker = Database(settings.database_url), Waker(settings.redis_url)
    stop = stop_on_signal()
    sweep = Duty("sweep", lambda: sweeps.run(database, waker.wake, telling(utc_now), stop))
    duties = [sweep, *sealing.duties(settings, database, telling(utc_now))]
    for duty in duties:
        duty.start()
    place.note_ready()
    watch(duties, stop)
    stop_all(duties)
    waker.close()
    database.close()
