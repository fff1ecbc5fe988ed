"""Clock: looks for what is due, seals the event log, tells outside whether all is well. Its one key signs alone."""

from __future__ import annotations

from gateway.core import keys
from gateway.core.database import Database
from gateway.core.queues import Waker
from gateway.core.settings import Settings
from gateway.core.times import utc_now
from gateway.front import deadman, sealing, sweeps
from gateway.front.deadman import Deadman
from gateway.front.duties import Duty, Patrol, stop_all, telling, watch
from gateway.front.places import Place
from gateway.front.pulse import Pulse
from gateway.front.sealing import Sealing
from gateway.front.signals import stop_on_signal
from gateway.front.wiring import retention


def run(settings: Settings, place: Place) -> None:
    """Look and wake until told to stop."""
    keys.load(settings.keys, "clock")  # It seals nothing to anyone; this is what refuses a key too many.
    database, waker = Database(settings.database_url), Waker(settings.redis_url)
    stop = stop_on_signal()
    sweep = Duty("sweep", lambda: sweeps.run(database, waker.wake, telling(utc_now), stop))
    destroying = retention.of_clock(settings, database)
    duties = [sweep, *sealing.duties(settings, database, telling(utc_now)), destroying]
    lag = Sealing(settings, database, utc_now).lag
    duties.append(Pulse(database, "clock", utc_now, duties=tuple(duties), parts=[lag]))
    outside = tell_outside(settings, database)
    for duty in (*duties, *outside):
        duty.start()
    place.note_ready()
    watch(duties, stop)  # Not those that tell outside: a server there that hangs must not end this process.
    stop_all([*duties, *outside])
    waker.close()
    database.close()


def tell_outside(settings: Settings, database: Database) -> list[Duty]:
    """Make the duty of the dead-man's ping, if there is somebody outside to be told."""
    if settings.deadman_url is None:
        return []
    return [
        Patrol("deadman", Deadman(settings.deadman_url, database, utc_now).step, every_seconds=deadman.LOOK_SECONDS)
    ]
