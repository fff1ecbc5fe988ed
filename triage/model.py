"""What a judgement is: the frozen values that `triage` hands to the rest of the house."""

from dataclasses import dataclass
from enum import StrEnum
from typing import TypedDict

from triage.local import Pack

LONGEST_AGAIN = 20_000
"""Characters of a text that are read once more: for what a later message adds to it, and for a district's words."""
_RECENT = 8


class Severity(StrEnum):
    """How soon a human must act; members compare by urgency, not by spelling."""

    NONE = "none"
    LOW = "low"
    MODERATE = "moderate"
    HIGH = "high"
    CRITICAL = "critical"

    @property
    def rank(self) -> int:
        """Return the position on the scale: 0 for none up to 4 for critical."""
        return _RANKS[self.value]

    @property
    def life_safety(self) -> bool:
        """Return whether this severity means that a life may be at risk (high or critical)."""
        return self in LIFE_SAFETY

    @classmethod
    def from_rank(cls, rank: int) -> "Severity":
        """Return the severity at `rank`, clamped to the scale."""
        return tuple(cls)[min(max(rank, 0), len(cls) - 1)]

    def __lt__(self, other: str) -> bool:
        return self.rank < Severity(other).rank

    def __le__(self, other: str) -> bool:
        return self.rank <= Severity(other).rank

    def __gt__(self, other: str) -> bool:
        return self.rank > Severity(other).rank

    def __ge__(self, other: str) -> bool:
        return self.rank >= Severity(other).rank


_RANKS = {"none": 0, "low": 1, "moderate": 2, "high": 3, "critical": 4}

LIFE_SAFETY = frozenset({Severity.HIGH, Severity.CRITICAL})


class Category(StrEnum):
    """What a tip is about. Order is the tie-break for the main category: the first named wins."""

    MEDICAL_EMERGENCY = "medical_emergency"
    PLANNED_ATTACK = "planned_attack"
    SUICIDE_SELF_HARM = "suicide_self_harm"
    WEAPON = "weapon"
    CHILD_ABUSE = "child_abuse"
    DATING_VIOLENCE = "dating_violence"
    STAFF_CONCERN = "staff_concern"
    SEXUAL_HARASSMENT = "sexual_harassment"
    MISSING_RUNAWAY = "missing_runaway"
    DRUGS_ALCOHOL = "drugs_alcohol"
    GANG = "gang"
    HATE = "hate"
    PHYSICAL_VIOLENCE = "physical_violence"
    CYBERBULLYING = "cyberbullying"
    BULLYING = "bullying"
    MENTAL_HEALTH = "mental_health"
    UNSAFE_CONDITIONS = "unsafe_conditions"
    PROPERTY = "property"
    ACADEMIC = "academic"
    TEST = "test"
    SPAM = "spam"
    OTHER = "other"

    @property
    def label(self) -> str:
        """Return neutral English words, fit for a lock screen."""
        return _LABELS.get(self.value, self.value.replace("_", " "))


_LABELS = {
    "planned_attack": "possible planned attack",
    "suicide_self_harm": "possible self-harm",
    "physical_violence": "physical violence",
    "child_abuse": "possible abuse at home",
    "drugs_alcohol": "drugs or alcohol",
    "hate": "hate or bias",
    "gang": "gang activity",
    "missing_runaway": "missing or runaway student",
    "property": "property damage or theft",
    "staff_concern": "concern about staff",
    "academic": "schoolwork",
    "test": "test message",
    "other": "other concern",
}


class IndicatorJson(TypedDict):
    """The wire form of an indicator."""

    name: str
    start: int
    end: int


class AssessmentJson(TypedDict):
    """The wire form of an assessment, without its id."""

    severity: str
    life_safety: bool
    unsure: bool
    categories: list[str]
    indicators: list[IndicatorJson]


HELD_BACK = "unlike_grave_tips"
"""The indicator of a message, all of it, that rules saw danger in and that statistics kept from calling somebody."""


@dataclass(frozen=True, slots=True, order=True)
class Indicator:
    """Evidence: `text[start:end]` of the raw text (Unicode code points) and the code of what it shows."""

    name: str
    start: int
    end: int

    def to_json(self) -> IndicatorJson:
        """Return the wire form."""
        return {"name": self.name, "start": self.start, "end": self.end}


@dataclass(frozen=True, slots=True)
class Assessment:
    """A judgement about one message, never about a person.

    `unsure` means that a human looks now, on the high clock, whatever the severity says. `unsure_reason` is a code:
    `no_text`, `too_short`, `unknown_language`, `undecided`, `contradictory`, `resembles_danger`, `engine_error`,
    `timeout`. `categories` is never empty, main one first. `missing` holds gap codes to ask for: `where`, `when`,
    `who`, `means`, `how_known`, `safe_now`. `asks` is the gap code of the one plain question that the line should ask
    back: `what`, where the engine is unsure only because too little was said and nothing hints at harm ("hi", "can
    someone call me"). `language` is `en`, `es` or `und`, a guess good enough to answer in. `rules` names the rules'
    version and, where a district has words of its own, that of its pack: `2026.11.5+lincoln-3`.
    """

    severity: Severity
    life_safety: bool
    unsure: bool
    unsure_reason: str | None
    categories: tuple[Category, ...]
    indicators: tuple[Indicator, ...]
    missing: tuple[str, ...]
    language: str
    rules: str
    asks: str | None = None

    def to_json(self) -> AssessmentJson:
        """Return the wire form that `tipline assess` prints."""
        return {
            "severity": self.severity.value,
            "life_safety": self.life_safety,
            "unsure": self.unsure,
            "categories": [category.value for category in self.categories],
            "indicators": [indicator.to_json() for indicator in self.indicators],
        }


@dataclass(frozen=True, slots=True)
class Context:
    """What is known around a message: the severity its thread has reached, earlier texts, attachments, language.

    `pack` is what its district calls things. `freely` counts the characters from the beginning that were written
    freely, where short answers to questions of a form stand behind them: rules read these too, the network does not.
    """

    floor: Severity = Severity.NONE
    earlier: tuple[str, ...] = ()
    media_count: int = 0
    language_hint: str | None = None
    pack: Pack | None = None
    freely: int | None = None

    @property
    def recent(self) -> tuple[str, ...]:
        """Return the latest earlier texts, as far as they are read again: a plan is often told in pieces."""
        return tuple(text[:LONGEST_AGAIN] for text in self.earlier[-_RECENT:])
