"""What the engine makes of a tip, message by message, as the house asks it: the thread's severity never falls."""

from __future__ import annotations

import time
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

from tests.triage_report.corpus import BREAK, Tip
from triage import engine
from triage.model import Assessment, Context, Indicator, Severity
from triage.policy import urgency


@dataclass(frozen=True, slots=True)
class Judged:
    """A tip beside its judgement; `spans` count in its text, `milliseconds` (processor) hold one for each message."""

    tip: Tip
    severity: Severity
    pages: bool
    reasons: tuple[str, ...]
    categories: tuple[str, ...]
    spans: tuple[Indicator, ...]
    milliseconds: tuple[float, ...] = ()

    @property
    def unsure(self) -> bool:
        """Whether the engine asked a person."""
        return bool(self.reasons)

    @property
    def missed(self) -> bool:
        """Whether nobody is woken who ought to be."""
        return self.tip.life_safety and not self.pages

    @property
    def false_page(self) -> bool:
        """Whether somebody is woken by a harmless message."""
        return self.tip.harmless and self.pages

    @property
    def right(self) -> bool:
        """Whether a twin came out on its side: somebody is woken, nobody is; and a concern is at least low."""
        if self.tip.life_safety:
            return self.pages
        return not self.pages and (self.tip.harmless or self.severity > Severity.NONE)


def judge(tips: Iterable[Tip]) -> list[Judged]:
    """Ask the engine about each tip."""
    return [_judge(tip, tip.messages) for tip in tips]


def judge_told(tip: Tip, messages: Sequence[str], *, memory: bool = True, freely: int | None = None) -> Judged:
    """Ask about a tip as if it had been told in these messages; without `memory` each is judged alone.

    `freely` is that of the first message, see `Context`.
    """
    return _judge(tip, messages, memory=memory, freely=freely)


def _judge(tip: Tip, messages: Sequence[str], *, memory: bool = True, freely: int | None = None) -> Judged:
    worst: Assessment | None = None
    floor, reasons, spans, taken, place, pages = Severity.NONE, [], [], [], 0, False
    for index, text in enumerate(messages):
        context = Context(floor=floor, earlier=tuple(messages[:index])) if memory else Context()
        context = replace(context, freely=None if index else freely)
        start = time.process_time()
        found = engine.assess(text, context)
        taken.append((time.process_time() - start) * 1000)
        pages = pages or urgency(found) != "queue"
        reasons += [found.unsure_reason] if found.unsure_reason else []
        spans += [Indicator(one.name, one.start + place, one.end + place) for one in found.indicators]
        if worst is None or found.severity > worst.severity:
            worst = found
        floor = worst.severity
        place += len(text) + len(BREAK)
    if worst is None:
        raise ValueError(f"{tip.id} has no message")
    said = tuple(category.value for category in worst.categories)
    return Judged(tip, worst.severity, pages, tuple(reasons), said, tuple(spans), tuple(taken))
