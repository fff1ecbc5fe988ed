"""Console: the staff's app and GraphQL. It opens tips, and could not find one reporter's number."""

from __future__ import annotations

from dataclasses import replace

from starlette.applications import Starlette

from exports.words import Policy
from gateway.core import keys
from gateway.core.database import Database
from gateway.core.queues import Waker
from gateway.core.settings import Settings
from gateway.core.times import utc_now
from gateway.front import metrics, probes, serving
from gateway.front.places import Place
from gateway.front.probes import Others
from gateway.front.pulse import Pulse
from gateway.front.wiring import media, retention
from responders import console, schema


def run(settings: Settings, place: Place) -> None:
    """Serve the staff's app until told to stop."""
    serving.serve(make(settings), settings.host, place)


def make(settings: Settings) -> Starlette:
    """Make the staff's app. Raises: KeyRefused."""
    key_set = keys.load(settings.keys, "console")
    database, waker = Database(settings.database_url), Waker(settings.redis_url)
    parts = console.prepare(
        database, key_set, utc_now, waker, settings.console_url, media.store_of(settings),
        allowed_hosts=settings.allowed_hosts, policy=Policy(settings.report_minutes, settings.names_staff),
    )  # fmt: skip
    parts = replace(parts, public_url=settings.public_url)
    others = Others(database, utc_now)
    pulse = Pulse(database, "console", utc_now, check=lambda: key_set.seal_outbound("ready?", "ready"),
                  parts=[others.look])  # fmt: skip
    routes = [*schema.routes(parts), probes.ready(pulse, others), metrics.route(database, utc_now)]
    return probes.living(console.create(parts, routes), pulse, retention.of_console(settings, database))
