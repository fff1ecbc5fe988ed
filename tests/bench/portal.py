"""Reports a second through the whole `POST` of the portal's form, beside the same floor; and a school all at once.

*Beside the floor*: as `accept` does it, each report from a page of its own, its receipt's page rendered and read. The
floor takes texts: it has one message less to seal, no thread, no page. These reports bring no proof of work, which is
taken all the same; what a proof costs the server is two hashes.

*All at once*: so many people behind one address have the form open, with its puzzle solved, and press Send in the same
moment, each on a connection of their own. Then each comes back with their receipt and reads their own words.
"""

from __future__ import annotations

import asyncio
import re
import time
from collections.abc import Sequence
from dataclasses import dataclass, field

from gateway.core import puzzles
from tests.bench import accept, texts
from tests.bench.accept import Round
from tests.bench.carrier import Connection, read
from tests.bench.site import Site

_FIELD = r'<input type="hidden" name="{}" value="([^"]*)">'
_RECEIPT = re.compile(r'id="receipt"[^>]*>([^<]+)<')


@dataclass(frozen=True)
class Together:
    """What became of reports sent at once: how many there were, were taken, and were opened by their receipts."""

    people: int
    taken: int
    opened: int
    receipts: list[str] = field(repr=False)
    waits: list[float] = field(repr=False)
    """Seconds from pressing Send to having the whole page with the receipt, sorted."""


@dataclass(frozen=True)
class AtOnce:
    """Some times the same crowd: milliseconds over all of them."""

    people: int
    times: int
    lost: int
    p50_ms: float
    p99_ms: float
    slowest_ms: float


@dataclass(frozen=True)
class Portal:
    """Medians over the rounds, as `accept.Accept` has them, and the crowd."""

    ours: Round
    floor: Round
    ratio: float
    ratios: list[float]
    connections: int
    at_once: AtOnce


def measure(site: Site, rounds: int, seconds: float, connections: int, people: int, times: int) -> Portal:
    """Run rounds of so many seconds by turns with the floor; then let so many people report at once, so many times."""
    beside = accept.measure(site, rounds, seconds, connections, site.schools)
    with site.running("valkey", "intake"):
        together(site.public_url, site.schools[-1], people)  # Warms up, and does not count.
        crowds = [together(site.public_url, site.schools[turn % len(site.schools)], people) for turn in range(times)]
    waits = sorted(wait for crowd in crowds for wait in crowd.waits)
    lost = sum(2 * crowd.people - crowd.taken - crowd.opened for crowd in crowds)
    at = [_ms(waits[min(int(len(waits) * part), len(waits) - 1)]) for part in (0.5, 0.99, 1.0)]
    return Portal(beside.ours, beside.floor, beside.ratio, beside.ratios, connections, AtOnce(people, times, lost, *at))


def together(url: str, path: str, people: int) -> Together:
    """Let so many people report at once at a school's `path`, and each come back with their receipt."""
    return asyncio.run(_together(url, path, [f"{number} kids push my friend into lockers" for number in range(people)]))


async def _together(url: str, path: str, words: Sequence[str]) -> Together:
    lines = [await Connection.open(int(url.rpartition(":")[2])) for _ in words]
    forms = await asyncio.gather(*(_form(line, url, path, text) for line, text in zip(lines, words, strict=True)))
    sent = await asyncio.gather(*(_send(line, form) for line, form in zip(lines, forms, strict=True)))
    receipts = [found[1] if (found := _RECEIPT.search(page)) else "" for _, page in sent]
    opened = await asyncio.gather(
        *(_opens(line, url, receipt, text) for line, receipt, text in zip(lines, receipts, words, strict=True))
    )
    for line in lines:
        line.close()
    return Together(
        len(words), len([one for one in receipts if one]), sum(opened), receipts, sorted(wait for wait, _ in sent)
    )


async def _form(line: Connection, url: str, path: str, text: str) -> bytes:
    """Open the form, solve its puzzle and fill it in."""
    page = await _ask(line, texts.request("GET", url, path, {}, {"Accept": "text/html"}))
    once, puzzle = (re.findall(_FIELD.format(name), page)[0] for name in ("once", "puzzle"))
    challenge = puzzles.parse(puzzle)
    assert challenge, "the form has no puzzle"
    return texts.report(url, path, text, once, puzzle=puzzle, solution=puzzles.solve(challenge))


async def _send(line: Connection, form: bytes) -> tuple[float, str]:
    start = time.monotonic()
    page = await _ask(line, form)
    return time.monotonic() - start, page


async def _opens(line: Connection, url: str, receipt: str, text: str) -> bool:
    page = await _ask(line, texts.request("POST", url, "/back", {"receipt": receipt}, {"Accept": "text/html"}))
    return text in page


async def _ask(line: Connection, raw: bytes) -> str:
    line.writer.write(raw)
    head, body = await read(line.reader)
    assert head.startswith(b"HTTP/1.1 200"), head.partition(b"\r\n")[0]
    return body.decode()


def _ms(seconds: float) -> float:
    return round(seconds * 1000, 1)
