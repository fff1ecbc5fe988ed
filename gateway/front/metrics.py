"""Metrics for Prometheus: the console's `/metrics`, for a bearer token with the scope `metrics:read`.

They are made of heartbeats and of counts of the whole house. Labels are processes, accounts, states, queues and codes:
never a line, a school, a district, a thread or a case. Processes without a port get none for this.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from itertools import accumulate
from typing import Any

from prometheus_client import CollectorRegistry
from prometheus_client.exposition import CONTENT_TYPE_LATEST, generate_latest
from prometheus_client.metrics_core import CounterMetricFamily, GaugeMetricFamily, HistogramMetricFamily, Metric
from prometheus_client.registry import Collector
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from gateway.core import heartbeats, keys
from gateway.core.database import Database
from gateway.core.problems import no_token, problem
from gateway.core.records import Heartbeat
from gateway.core.times import Clock
from gateway.front import vitals
from responders.accounts import service as accounts

PATH = "/metrics"
SCOPE = "metrics:read"
_CHALLENGE = 'Bearer realm="tipline"'
_CODE = re.compile(r"[a-z0-9_]{1,30}")


def route(database: Database, clock: Clock) -> Route:
    """Make the route."""

    def answer(request: Request) -> Response:
        now = clock()
        scheme, _, plain = request.headers.get("authorization", "").partition(" ")
        with database.read() as session:
            token = accounts.token(session, plain.strip(), now) if scheme.lower() == "bearer" else None
        if token is None:
            return no_token(request, "Send a token.")
        if SCOPE not in token.scopes:
            challenge = f'{_CHALLENGE}, error="insufficient_scope", scope="{SCOPE}"'
            return problem(403, "forbidden", f"This needs the scope {SCOPE}.", {"WWW-Authenticate": challenge})
        return Response(render(database, now), media_type=CONTENT_TYPE_LATEST, headers={"Cache-Control": "no-store"})

    return Route(PATH, answer, methods=["GET"])


def render(database: Database, now: datetime) -> bytes:
    """Render all of them as Prometheus' text. Raises: Unavailable."""
    registry = CollectorRegistry(auto_describe=False)
    registry.register(_Read(_families(database, now)))
    return generate_latest(registry)


class _Read(Collector):
    def __init__(self, families: Iterable[Metric]) -> None:
        self._families = list(families)

    def collect(self) -> Iterable[Metric]:
        return self._families


def _families(database: Database, now: datetime) -> Iterator[Metric]:
    with database.read() as session:
        found = vitals.waiting(session)
        pressing, listed, sends = vitals.life_safety(session), vitals.listed(session), vitals.sends(session)
        latest, living = heartbeats.latest(session, now), heartbeats.living(session, now)
    yield from _processes(latest, now)
    yield _gauge("tipline_waiting", "Work that waits.", "queue", {(n,): w.count for n, w in found.items()})
    yield _gauge(
        "tipline_waiting_oldest_seconds", "For how long the oldest waits (for callouts: how late it is).", "queue",
        {(name,): one.seconds(now) for name, one in found.items()},
    )  # fmt: skip
    yield _gauge("tipline_sends", "Texts that leave, as kept.", "account status", sends)
    yield _gauge("tipline_callouts_open", "Callouts that are open.", "", {(): found["callouts"].count})
    yield _gauge(
        "tipline_life_safety_unacknowledged", "Life-safety callouts nobody acknowledged.", "", {(): pressing.count}
    )
    yield _gauge(
        "tipline_life_safety_unacknowledged_oldest_seconds", "Age of the oldest of those.", "",
        {(): pressing.seconds(now)},
    )  # fmt: skip
    yield _gauge(
        "tipline_listing_age_seconds", "Since when a carrier's list was not read, of the line furthest behind.",
        "account", {(name,): (now - at).total_seconds() for name, at in listed.items() if at},
    )  # fmt: skip
    yield from _counted(living)


def _processes(latest: Mapping[str, Heartbeat], now: datetime) -> Iterator[Metric]:
    rows = {name: latest[name] for name in keys.PROCESSES if name in latest}
    ages = {(name,): heartbeats.age_seconds(row, now) for name, row in rows.items()}
    up = {
        (name,): int(ages.get((name,), heartbeats.STALE_SECONDS + 1) <= heartbeats.STALE_SECONDS)
        for name in keys.PROCESSES
    }
    yield _gauge("tipline_process_up", "Whether a process beats.", "process", up)
    yield _gauge("tipline_process_beat_age_seconds", "Since its last beat.", "process", ages)
    started = {(name,): row.started_at.timestamp() for name, row in rows.items()}
    yield _gauge("tipline_process_start_time_seconds", "When it began.", "process", started)
    trouble = {(name, _code(row.data["trouble"])): 1 for name, row in rows.items() if row.data.get("trouble")}
    yield _gauge("tipline_process_trouble", "What keeps it from work.", "process code", trouble)
    failing = {
        (name, _code(duty)): state["failing"]
        for name, row in rows.items()
        for duty, state in row.data.get("duties", {}).items()
    }
    yield _gauge("tipline_duty_failing_seconds", "For how long each run of a duty failed.", "process code", failing)
    sealing = latest["clock"].data if "clock" in latest else {}
    if "unsealed" in sealing:
        yield _gauge("tipline_log_unsealed_events", "Events that wait for a seal.", "", {(): sealing["unsealed"]})
        oldest = {(): sealing["unsealed_seconds"]}
        yield _gauge("tipline_log_unsealed_oldest_seconds", "For how long the oldest of them does.", "", oldest)


def _counted(living: Sequence[Heartbeat]) -> Iterator[Metric]:
    """Render what live processes counted since each began; several of one kind are added up."""
    webhooks = CounterMetricFamily(
        "tipline_webhooks", "Texts' webhooks by answer, since intake began.", labels=["code"]
    )
    for code in ("2xx", "4xx", "5xx"):
        answers = [row.data["webhooks"] for row in living if row.process == "intake" and "webhooks" in row.data]
        webhooks.add_metric([code], sum(one.get(code, 0) for one in answers))
    yield webhooks
    for process, part, name, words in (
        ("intake", "accept", "tipline_accept_seconds", "From a text's webhook to its answer, when it was taken."),
        ("worker", "page", "tipline_page_seconds", "From a text to the first page about it that the carrier took."),
    ):
        found = [row.data[part] for row in living if row.process == process and part in row.data]
        if found:
            family = HistogramMetricFamily(name, words)
            bounds = [*map(str, found[0]["bounds"]), "+Inf"]
            same = [one for one in found if one["bounds"] == found[0]["bounds"]]
            sums = [sum(counts) for counts in zip(*(one["counts"] for one in same), strict=True)]
            family.add_metric(
                [], list(zip(bounds, accumulate(sums), strict=True)), sum(float(one["sum"]) for one in same)
            )
            yield family


def _gauge(name: str, words: str, labels: str, values: Mapping[Any, float]) -> GaugeMetricFamily:
    family = GaugeMetricFamily(name, words, labels=labels.split())
    for found, value in sorted(values.items()):
        family.add_metric(list(found), value)
    return family


def _code(value: object) -> str:
    """Let nothing but a code of ours be a label."""
    return value if isinstance(value, str) and _CODE.fullmatch(value) else "other"
