"""What makes a hit less urgent: negation, frames of play and trifles, the past, safe hands. Lowered, never erased.

Each frame has a scope: its cue must stand in the sentence of the hit or one beside it. Rulings named here (`F1`, `T3`)
are those of `triage/RUBRIC.md`.
"""

from bisect import bisect_left
from dataclasses import dataclass

from triage.lexicon import Rule
from triage.model import Severity
from triage.normalize import Word
from triage.patterns import Matches
from triage.slots import Slots

# Families in which an old harm still needs someone today, so that the past alone lowers nothing (T2).
_PAST_MATTERS = frozenset({"abuse", "sexual_assault", "staff", "state", "missing", "gun", "blade"})
_PLAY = ("game", "sport", "fiction", "lesson", "drill")
PLAYFUL = frozenset({"figure_of_speech", "hyperbole", "harmless_sense", *_PLAY})
"""What lowers a hit by saying that it is not meant at all."""
_NEG_REACH = 7
# How many sentences away a cue still speaks of a hit; a line of dashes between two messages counts as one more.
_NEAR = 2
# So many cues before a hit, and as many after it, are asked whether they are denied.
_CUES = 20
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
_THREATS = frozenset({"threat", "attack", "fight", "mention"})
# Words of death or abuse are not taken back by a later "it was nothing" (F4).
_TAKEN_BACK = frozenset({"suicide", "self_harm", "self_harm_now", "overdose", "abuse", "sexual_assault", "sextortion"})
# A victim in safe hands leaves those who did it where they were.
_OTHERS_ABOUT = frozenset({"beaten"})
# What a word for "none of it" inside a hit undoes.
_ARMED = frozenset({"gun", "blade", "explosive"})
# Whose words may be a joke about oneself or a figure of speech with a trivial cause (F1, F3).
_JOKED = frozenset({"suicide", "threat", "attack", "state", "fight", "mention", "overdose", "medical", "kin_threat"})
# A laugh and no cause beside a wish to die is no joke (F3): so many words beyond the wish tell a cause.
_JOKE_ALONE = 4
# What game talk is about, where the message holds this many words of it.
_GAMED = frozenset(
    {"gun", "blade", "explosive", "threat", "attack", "state", "mention", "fight", "fight_now", "overdose"}
)
_DEEP = 2
_DENIAL_REACH = 3
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
    calm = matches.positions("idiom")
    armed = matches.positions("gun") | matches.positions("blade") | matches.positions("explosive")
    afraid = matches.has("fear", "serious") and not matches.has("laugh", "petty", "hyperbole_trigger")
    return calm if afraid or armed - calm else calm | matches.positions("parent_idiom")


def lower(hit: Hit, matches: Matches, slots: Slots, calm: frozenset[int]) -> Hit:
    """Return `hit` at the severity that its surroundings leave it; the strongest frame counts, they do not add up."""
    if _figurative(hit, calm):
        return hit.at(Severity.NONE, "figure_of_speech")
    if _negated(hit, matches):
        return hit.at(min(hit.severity, Severity.LOW), "negated")
    if _harmless(hit, matches, slots):
        return hit.at(Severity.NONE, "harmless_sense")
    if hit.rule.family in _JOKED and _trifle(hit, matches, slots):
        return hit.at(Severity.NONE, "hyperbole")
    return _settled(hit, matches) or (hit if hit.rule.firm else _framed(hit, matches, slots))


def _framed(hit: Hit, matches: Matches, slots: Slots) -> Hit:
    """Lower what is told from inside a game, story or lesson, or of the past."""
    play = _played(hit, matches, slots)
    if play:
        return hit.at(Severity.LOW if hit.rule.family in _EXPLICIT else Severity.NONE, play)
    if hit.rule.family not in _PAST_MATTERS and not slots.filled("now", "soon") and _past(hit, matches):
        return hit.at(min(hit.severity, Severity.MODERATE), "past")
    return hit


def _near(hit: Hit, matches: Matches, *names: str) -> bool:
    """Whether a word of one of the classes stands in the sentence of the hit or one beside it."""
    return any(_nearby(hit, matches, name) for name in names)


def _past(hit: Hit, matches: Matches) -> bool:
    """Told of the past, and nothing says that it goes on or comes again (T1, T6)."""
    return _near(hit, matches, "past") and not matches.has("still_real", "ongoing")


def _nearby(hit: Hit, matches: Matches, name: str) -> list[int]:
    words = matches.words
    return matches.between(name, words[hit.start].sentence - _NEAR, words[hit.end - 1].sentence + _NEAR)


def _nearest(hit: Hit, starts: list[int]) -> list[int]:
    """Return the cues that are nearest to the hit, as many as a long text may hold of them without taking long."""
    place = bisect_left(starts, hit.start)
    return starts[max(0, place - _CUES) : place + _CUES]


def _harmless(hit: Hit, matches: Matches, slots: Slots) -> bool:
    """The dangerous word is meant in a harmless way (F12): `calm_gun` calms hits of the family `gun`, and so on.

    Beside arms a threat is calm only where the arms are: a roast or an outfit explains no knife.
    Not where someone is afraid or hurt beside it, nor where the cue itself is denied ("it is not a toy").
    """
    if _near(hit, matches, "alarm"):
        return False
    family = hit.rule.family.removesuffix("_now")
    arms = [name for name in sorted(_ARMED) if slots.filled(name)]
    senses = arms if family in _THREATS and arms else [family]
    if family == "gun" and hit.rule.severity < Severity.CRITICAL:
        senses = ["gun", "hunt"]
    cues = [start for sense in senses for start in _nearest(hit, _nearby(hit, matches, f"calm_{sense}"))]
    if not cues and hit.rule.family in _GAMED:
        played = _nearest(hit, matches.between("gamer", 0, matches.words[-1].sentence))
        cues = played if len(played) >= _DEEP else []
    return sum(_denied(start, matches) for start in cues) * 2 < len(cues)


def _denied(start: int, matches: Matches) -> bool:
    """Whether a word of denial stands just before word `start`, with no pause between."""
    near = range(max(0, start - _DENIAL_REACH), start)
    negations = matches.ends.get("neg", {})
    return any(index in negations and _together(matches.words[index], matches.words[start]) for index in near)


def _trifle(hit: Hit, matches: Matches, slots: Slots) -> bool:
    """All three marks of hyperbole (F1): a trivial cause or a set phrase, no means or plan, nobody afraid or sad."""
    if slots.filled("gun", "blade", "explosive", "plan", "goodbye") or matches.has("distress", "alarm", "serious"):
        return False
    if hit.rule.family == "attack" and not matches.has("laugh"):
        return False
    if hit.rule.family == "suicide" and matches.has("sure_day") and not _near(hit, matches, "trifle"):
        return False
    petty = () if hit.rule.family == "suicide" else ("petty",)
    if _near(hit, matches, "trifle", "hyperbole_trigger", *petty) and _near(hit, matches, "joke_wish", "laugh"):
        return True
    alone = len(matches.words) - (hit.end - hit.start) < _JOKE_ALONE
    return matches.has("laugh") and _near(hit, matches, "joke_wish") and not alone


def _settled(hit: Hit, matches: Matches) -> Hit | None:
    """Old news, a corrected rumour, an old matter in good hands, a person in safe hands (K7, T3, T5, T7)."""
    if matches.has("still_real"):
        return None
    if _near(hit, matches, "elsewhere"):
        return hit.at(Severity.NONE, "old_news")
    if hit.rule.family not in _TAKEN_BACK and _near(hit, matches, "corrected"):
        return hit.at(min(hit.severity, Severity.LOW), "corrected")
    if _near(hit, matches, "resolved"):
        old = matches.has("past")
        return hit.at(min(hit.severity, Severity.LOW if old else Severity.MODERATE), "resolved")
    if hit.rule.family not in _OTHERS_ABOUT and _near(hit, matches, "safe_hands"):
        return hit.at(min(hit.severity, Severity.MODERATE), "safe_hands")
    return None


def _played(hit: Hit, matches: Matches, slots: Slots) -> str | None:
    """Return the kind of play, story or lesson that `hit` is part of, if it is."""
    if hit.rule.family in _NO_PLAY or slots.filled("serious", "fear") or matches.has("alarm"):
        return None
    if hit.rule.family in _EXPLICIT:
        return "fiction" if _near(hit, matches, "framed") and not slots.filled("now", "soon") else None
    framed = _near(hit, matches, "framed")
    if hit.rule.family == "threat" and slots.filled("soon", "now", "gun", "blade") and not framed:
        return None
    if hit.rule.family in _ARMED and hit.rule.severity is Severity.CRITICAL and not framed:
        return None  # arms on a pupil: a word of a game or a season beside it explains nothing
    told = hit.rule.family in _ARMED and slots.filled("who")
    return next((name for name in _PLAY if _near(hit, matches, name) and not (told and name == "sport")), None)


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
    if hit.rule.family in _ARMED and matches.positions("absent") & frozenset(range(hit.start, hit.end)):
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
