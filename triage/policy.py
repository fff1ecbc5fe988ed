"""How fast people are paged, by default; a district may set its own."""

from dataclasses import dataclass
from typing import Literal

from triage.model import Assessment, Severity

Urgency = Literal["critical", "high", "queue"]


@dataclass(frozen=True, slots=True)
class PagingPolicy:
    """The clocks of paging, in seconds.

    Critical: everyone on call at once, again every `critical_repeat_seconds`; after `critical_escalate_after_seconds`
    the escalation list too. High: the first on call, the next after `high_next_seconds`, the escalation list when all
    were tried or after `high_escalate_after_seconds`. Tips share a page without a clock: a school has one open callout.
    A tip that said too little is asked back; unless an answer settles it in `answer_within_seconds`, it is high.
    """

    critical_repeat_seconds: int = 60
    critical_escalate_after_seconds: int = 180
    high_next_seconds: int = 300
    high_escalate_after_seconds: int = 900
    answer_within_seconds: int = 180

    def __post_init__(self) -> None:
        for name in self.__slots__:
            if getattr(self, name) <= 0:
                raise ValueError(f"{name} must be a positive number of seconds")


def waits_for_answer(assessment: Assessment) -> bool:
    """Return whether a tip may wait in the queue while the line asks its one plain question back (`Assessment.asks`).

    Who cannot ask takes `asks` out of the assessment first: then a person must look.
    """
    return assessment.asks is not None and not assessment.life_safety


def urgency(assessment: Assessment) -> Urgency:
    """Return which clock a tip runs on: `critical`, `high` (also what the engine is unsure of) or `queue`."""
    if assessment.severity is Severity.CRITICAL:
        return "critical"
    if assessment.severity is Severity.HIGH:
        return "high"
    if assessment.unsure and not waits_for_answer(assessment):
        return "high"
    return "queue"
