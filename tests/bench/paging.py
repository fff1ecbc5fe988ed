"""From a webhook to the page at the carrier, through a whole house of real processes under its supervisor.

Clock: from the moment the webhook is sent (`after_ms`: from its answer) until the carrier has the first page that tells
of the text's case. Which page that is the database says afterwards: a page of the callout that the case is in, written
when the case was already in it.

A school has one open callout, so a case that joins one makes no page of its own: people are already being called to
that school. Here each text that calls people out goes to a school that no other such text goes to, so each must have
its own page; one that has none counts as never paged. Calm texts go anywhere and call nobody.
"""

from __future__ import annotations

import time
from collections.abc import Iterable
from dataclasses import dataclass
from itertools import pairwise
from statistics import median, quantiles

from sqlalchemy import select

from gateway.core.database import Database
from gateway.core.records import Message, Send
from responders.cases.records import CaseMessage
from responders.paging.records import CalloutCase, Page
from tests.bench import outside
from tests.bench.memory import cpu_seconds, running
from tests.bench.outside import Seen
from tests.bench.site import Site
from tests.bench.texts import Place

CONNECTIONS = 16


@dataclass(frozen=True)
class Paging:
    """What was seen of texts of one kind, in milliseconds; `unpaged` had no page when the carrier had been quiet."""

    texts: int
    unpaged: int
    p50_ms: float
    p99_ms: float
    slowest_ms: float
    slowest_after_ms: float
    """From the webhook's answer."""


@dataclass(frozen=True)
class Run:
    """One run: how fast texts were taken, and how fast people were paged about critical texts and about high ones."""

    texts: int
    texts_per_second: float
    accept_p50_ms: float
    accept_p99_ms: float
    critical: Paging
    high: Paging
    cpu_ms: dict[str, float]
    """Processor time of each process, in milliseconds a text: what bounds the whole, whoever else uses the machine."""
    stages_ms: dict[str, float]
    """Where the time of critical texts goes: the median wait for each step, by the rows' own times."""


def steady(site: Site, texts: int, rate: float) -> Run:
    """Send so many texts at so many a second: one in ten critical, one in twenty high, the rest calm."""
    kinds = ["calm", "calm", "critical", "calm", "calm", "calm", "high", "calm", "calm", "calm"] * 2
    kinds[16] = "calm"
    return _run(site, (kinds * (texts // 20 + 1))[:texts], rate, seed=1)


def burst(site: Site, texts: int) -> Run:
    """Send so many texts as fast as they are taken: 5 in 100 critical, 5 high, the critical ones spread over all."""
    kinds = ["calm"] * 9 + ["high"] + ["calm"] * 9 + ["critical"]
    return _run(site, (kinds * (texts // 20 + 1))[:texts], 0.0, seed=2)


def _run(site: Site, kinds: list[str], rate: float, seed: int) -> Run:
    place = Place(site.public_url, site.account_sid, site.webhook_secret)
    pids = running(site.var.root)
    before = {name: cpu_seconds(pid) for name, pid in pids.items()}
    seen = outside.send(
        outside.Order(
            place, site.lines, kinds, seed=seed, connections=CONNECTIONS, rate=rate, carrier_port=site.ports["carrier"]
        )
    )
    assert not seen.refused, f"{seen.refused} webhooks were refused"
    used = {name: round((cpu_seconds(pid) - before[name]) / len(kinds) * 1000, 2) for name, pid in pids.items()}
    pages = _pages(site, seen)
    lasted = max(seen.answered.values()) - min(seen.asked.values())
    cuts = quantiles(seen.waits, n=100)
    return Run(
        len(seen.answered), round(len(seen.answered) / lasted, 1), _ms(cuts[49]), _ms(cuts[98]),
        _paging(seen, pages, "critical"), _paging(seen, pages, "high"), used, _stages(site, seen),
    )  # fmt: skip


def _pages(site: Site, seen: Seen) -> dict[str, float]:
    """Find when the carrier had the first page about each text; texts and carrier's times by SID."""
    query = (
        select(Message.provider_sid, Send.provider_sid)
        .join(CaseMessage, CaseMessage.message_id == Message.id)
        .join(CalloutCase, CalloutCase.case_id == CaseMessage.case_id)
        .join(Page, Page.callout_id == CalloutCase.callout_id)
        .join(Send, Send.id == Page.send_id)
        .where(Page.at >= CalloutCase.added_at)
    )
    database = Database(site.database_url)
    found: dict[str, float] = {}
    with database.read() as session:
        for text, page in session.execute(query):
            if text in seen.asked and page in seen.taken:
                found[text] = min(seen.taken[page], found.get(text, float("inf")))
    database.close()
    return found


def _stages(site: Site, seen: Seen) -> dict[str, float]:
    """Split the way of critical texts by the times that their rows and their first page's have."""
    since = time.time() - time.monotonic()
    query = (
        select(Message.provider_sid, Message.at, Message.threaded_at, Message.dispatched_at, Page.at, Send.provider_sid)
        .join(CaseMessage, CaseMessage.message_id == Message.id)
        .join(CalloutCase, CalloutCase.case_id == CaseMessage.case_id)
        .join(Page, Page.callout_id == CalloutCase.callout_id)
        .join(Send, Send.id == Page.send_id)
        .where(Page.step == 1)
    )
    waits: dict[str, list[float]] = {"accepted": [], "threaded": [], "judged": [], "page written": [], "page taken": []}
    database = Database(site.database_url)
    with database.read() as session:
        for text, *times, page in session.execute(query):
            known = [moment.timestamp() for moment in times if moment]
            if not text or not page or seen.kinds.get(text) != "critical":
                continue
            if page in seen.taken and len(known) == len(times):
                moments = [seen.asked[text] + since, *known, seen.taken[page] + since]
                for wait, (start, end) in zip(waits.values(), pairwise(moments), strict=True):
                    wait.append(end - start)
    database.close()
    return {name: _ms(median(wait)) for name, wait in waits.items() if wait}


def _paging(seen: Seen, pages: dict[str, float], kind: str) -> Paging:
    sids = [sid for sid in seen.answered if seen.kinds[sid] == kind]
    waits = sorted(pages[sid] - seen.asked[sid] for sid in sids if sid in pages)
    after = [pages[sid] - seen.answered[sid] for sid in sids if sid in pages]
    p50, p99 = _quantile(waits, 0.50), _quantile(waits, 0.99)
    return Paging(len(sids), len(sids) - len(waits), _ms(p50), _ms(p99), _ms(_most(waits)), _ms(_most(after)))


def _quantile(values: list[float], part: float) -> float:
    return values[min(int(len(values) * part), len(values) - 1)] if values else 0.0


def _most(values: Iterable[float]) -> float:
    return max(values, default=0.0)


def _ms(seconds: float) -> float:
    return round(seconds * 1000, 1)
