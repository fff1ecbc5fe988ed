"""Clock: looks for what is due. It holds no private key."""

from __future__ import annotations

from gateway.core import keys
from gateway.core.database import Database
from gateway.core.queues import Waker
from gateway.core.settings import Settings
from gateway.core.times import utc_now
from gateway.front import sweeps
from gateway.front.duties import Duty, stop_all, telling, watch
from gateway.front.places import Place
from gateway.front.signals import stop_on_signal


def run(settings: Settings, place: Place) -> None:
    """Look and wake until told to stop."""
    keys.load(settings.keys, "clock")  # It uses none; this is what refuses one too many.
    database, waker = Database(settings.database_url), Waker(settings.redis_url)
    stop = stop_on_signal()
    duty = Duty("sweep", lambda: sweeps.run(database, waker.wake, telling(utc_now), stop))
    duty.start()
    place.note_ready()
    watch([duty], stop)
    stop_all([duty])
    waker.close()
    database.close()
