"""Deliveries: the worker's duties with those whom the district's events go to."""

from __future__ import annotations

import random
from dataclasses import dataclass

from gateway.core.database import Database
from gateway.core.http import Guarded
from gateway.core.keys import KeySet
from gateway.core.settings import Settings
from gateway.core.times import utc_now
from gateway.front.duties import Duty, Patrol, telling
from responders.subscriptions import service
from responders.subscriptions.asking import Asker
from responders.subscriptions.delivering import Deliverer
from responders.subscriptions.spreading import Spreader

_SPREAD_SECONDS, _ASK_SECONDS, _TIDY_SECONDS = 0.5, 2.0, 3600.0


@dataclass(frozen=True)
class Deliveries:
    """What the worker does for receivers, and how it ends."""

    duties: list[Duty]
    deliverer: Deliverer
    client: Guarded

    def close(self) -> None:
        """Begin nothing more, and let go of the connections."""
        self.deliverer.stop()
        self.client.close()


def make(settings: Settings, database: Database, key_set: KeySet) -> Deliveries:
    """Make the worker's duties: filling queues, sending, asking receivers, and tidying."""
    client, jitter = Guarded(settings.allowed_hosts), random.SystemRandom().random
    url = settings.console_url
    asker = Asker(database, client, url, telling(utc_now), jitter)
    spreader = Spreader(database, url, telling(utc_now), settings.report_minutes)
    deliverer = Deliverer(
        database, key_set, client, url, asker.origin, utc_now, jitter, within_minutes=settings.report_minutes
    )

    def tidy() -> None:
        with database.write() as session:
            service.tidy(session, utc_now())

    duties: list[Duty] = [
        Duty("deliver", spreader.spread_all, deliverer.start_all, every_seconds=_SPREAD_SECONDS),
        Duty("ask", asker.ask_all, every_seconds=_ASK_SECONDS),
        Patrol("tidy deliveries", tidy, every_seconds=_TIDY_SECONDS),
    ]
    return Deliveries(duties, deliverer, client)
