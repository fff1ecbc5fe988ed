"""What makes a hit less urgent: negation, the past, play, lessons, laughter. They lower it; they never erase it."""

from dataclasses import dataclass

from triage.lexicon import Rule
from triage.model import Severity
from triage.normalize import Word
from triage.patterns import Matches
from triage.slots import Slots

# Families in which an old harm still needs someone today, so that the past lowers nothing.
_PAST_MATTERS = frozenset({"abuse", "sexual_assault", "staff", "state", "missing"})
_PLAY = ("game", "sport", "fiction", "lesson", "drill")
_NEG_REACH = 7
# What names a danger outright: a game, film or lesson lowers it only when the sentence is plainly told from inside one.
_EXPLICIT = frozenset(
    {
        "suicide",
        "self_harm",
        "attack",
        "abuse",
        "partner",
        "sexual_assault",
        "staff",
        "sextortion",
        "missing",
        "overdose",
    }
)
# What a word for "none of it" inside a hit undoes.
_ARMED = frozenset({"gun", "blade", "explosive"})
# What needs someone whatever is being played, watched or learned around it.
_NO_PLAY = frozenset({"state", "medical", "fire", "building", "drugs", "drive", "stranger", "harass_touch"})


@dataclass(frozen=True, slots=True)
class Hit:
    """A rule that matched words `start` to `end` (exclusive), at its severity now; `why` names what lowered it."""

    rule: Rule
    start: int
    end: int
    severity: Severity
    why: str | None = None

    def at(self, severity: Severity, why: str | None = None) -> "Hit":
        """Return the same hit at another severity."""
        return Hit(self.rule, self.start, self.end, severity, why or self.why)


def calm_words(matches: Matches) -> frozenset[int]:
    """Return the positions of words that are part of a figure of speech or a toy.

    "Is going to kill me when" is none where a weapon stands beside it, or fear without laughter or a petty cause.
    """
    calm = _positions(matches, "idiom")
    armed = _positions(matches, "gun") | _positions(matches, "blade") | _positions(matches, "explosive")
    afraid = matches.has("fear", "serious") and not matches.has("laugh", "petty", "hyperbole_trigger")
    return calm if afraid or armed - calm else calm | _positions(matches, "parent_idiom")


def _positions(matches: Matches, name: str) -> frozenset[int]:
    return frozenset(index for span in matches.spans(name) for index in range(*span))


def lower(hit: Hit, matches: Matches, slots: Slots, calm: frozenset[int]) -> Hit:
    """Return `hit` at the severity that its surroundings leave it."""
    if _figurative(hit, calm):
        return hit.at(Severity.NONE, "figure_of_speech")
    if _negated(hit, matches):
        return hit.at(min(hit.severity, Severity.LOW), "negated")
    if hit.rule.firm:
        return hit
    play = _played(hit, matches, slots)
    if play:
        return hit.at(Severity.LOW if hit.rule.family in _EXPLICIT else Severity.NONE, play)
    if matches.has("laugh") and not slots.filled("serious"):
        hit = _laughed(hit, matches, slots)
    if hit.rule.family not in _PAST_MATTERS and not slots.filled("now", "soon"):
        if matches.has("past"):
            return hit.at(min(hit.severity, Severity.MODERATE), "past")
        if matches.has("resolved"):
            return hit.at(min(hit.severity, Severity.MODERATE), "resolved")
    return hit


def _played(hit: Hit, matches: Matches, slots: Slots) -> str | None:
    """Return the kind of play, story or lesson that `hit` is part of, if it is."""
    if hit.rule.family in _NO_PLAY or slots.filled("serious", "fear"):
        return None
    if hit.rule.family in _EXPLICIT:
        return "fiction" if matches.has("framed") and not slots.filled("now", "soon") else None
    if hit.rule.family == "threat" and slots.filled("soon", "now", "gun", "blade") and not matches.has("framed"):
        return None
    told = hit.rule.family in _ARMED and slots.filled("who")
    return next((name for name in _PLAY if matches.has(name) and not (told and name == "sport")), None)


def _laughed(hit: Hit, matches: Matches, slots: Slots) -> Hit:
    """Laughter lowers, unless means stand beside a time or a place."""
    armed = slots.filled("gun", "blade", "explosive", "means")
    if armed and slots.filled("now", "soon", "school", "risky_place"):
        return hit
    if matches.has("hyperbole_trigger"):
        return hit.at(min(hit.severity, Severity.LOW), "hyperbole")
    if hit.severity.rank >= Severity.HIGH.rank:
        return hit.at(Severity.MODERATE, "laughter")
    return hit.at(Severity.from_rank(hit.severity.rank - 1), "laughter")


def _figurative(hit: Hit, calm: frozenset[int]) -> bool:
    """A figure of speech covers the words that carry the hit: its first, its last, or more than half of it."""
    covered = sum(index in calm for index in range(hit.start, hit.end))
    return covered * 2 > hit.end - hit.start or hit.start in calm or hit.end - 1 in calm


def _negated(hit: Hit, matches: Matches) -> bool:
    """A negation governs the hit when only helping words stand between them, without a pause or a full stop.

    A hit that begins with a negation carries it as its own ("no pulse"); "there is no gun" holds one inside.
    """
    if not hit.rule.negatable:
        return False
    if hit.rule.family in _ARMED and _positions(matches, "absent") & frozenset(range(hit.start, hit.end)):
        return True
    words = matches.words
    fillers = matches.ends.get("neg_filler", {})
    position = hit.start
    for _ in range(_NEG_REACH):
        position -= 1
        if position < 0 or not _together(words[position], words[hit.start]):
            return False
        if position in matches.ends.get("neg", {}):
            return True
        if position not in fillers:
            return False
    return False


def _together(left: Word, right: Word) -> bool:
    return (left.sentence, left.clause) == (right.sentence, right.clause)
