"""The slots of a tip: who, acts, means, where, when, how it is known, as positions of words."""

from dataclasses import dataclass

from triage.patterns import Matches

Span = tuple[int, int]

# Slot name -> word classes that fill it.
_SLOTS = {
    "who": ("other", "person"),
    "self": ("i_me",),
    "gun": ("gun",),
    "blade": ("blade",),
    "explosive": ("explosive",),
    "means": ("means",),
    "now": ("now",),
    "soon": ("soon",),
    "school": ("school_place",),
    "risky_place": ("risky_place",),
    "place": ("place",),
    "plan": ("plan",),
    "goodbye": ("goodbye",),
    "known": ("say",),
    "serious": ("serious",),
    "safe_now": ("resolved",),
    "fear": ("fear",),
    "older": ("older",),
    "aimed": ("aimed",),
}


@dataclass(frozen=True, slots=True)
class Slots:
    """Where each filled slot stands: `found["gun"]` holds (first word, word after the last) pairs."""

    found: dict[str, tuple[Span, ...]]

    def filled(self, *names: str) -> bool:
        """Return whether any of the named slots is filled."""
        return any(name in self.found for name in names)

    def names(self) -> frozenset[str]:
        """Return the names of the filled slots."""
        return frozenset(self.found)


# Of the words for a time, those that say today or tomorrow even beside a later day ("friday at lunch" is not today).
_SURELY_TODAY = frozenset({"today", "tonight", "tomorrow", "hoy"})


def fill(matches: Matches, calm: frozenset[int]) -> Slots:
    """Return the slots that `matches` fill; words in `calm` (figures of speech, toys) fill no slot of harm."""
    found: dict[str, tuple[Span, ...]] = {}
    for slot, classes in _SLOTS.items():
        spans = [span for name in classes for span in matches.spans(name)]
        if slot in _HARM:
            spans = [span for span in spans if calm.isdisjoint(range(*span))]
        if spans:
            found[slot] = tuple(sorted(spans))
    today = _today(matches, found.get("soon", ()))
    if today:
        found["today"] = today
    if matches.has("later_day"):
        found["day"] = tuple(matches.spans("later_day"))
    return Slots(found)


def _today(matches: Matches, soon: tuple[Span, ...]) -> tuple[Span, ...]:
    """Return the words for a time within a day: a lesson or a bell is today's where no later day is named with it."""
    later = matches.spans("later_day")
    named = {matches.words[start].sentence for start, _ in later}
    return tuple(
        (start, end)
        for start, end in soon
        if any(word.text in _SURELY_TODAY for word in matches.words[start:end])
        or (matches.words[start].sentence not in named and not matches.words[start].text.startswith("later"))
    )


_HARM = frozenset({"gun", "blade", "explosive", "means", "plan", "goodbye"})


def gaps(slots: Slots, families: frozenset[str], life_safety: bool) -> tuple[str, ...]:
    """Return what a responder still needs to know, as codes, the most useful question first."""
    missing = []
    if not slots.filled("place", "school", "risky_place"):
        missing.append("where")
    if not slots.filled("now", "soon"):
        missing.append("when")
    if not slots.filled("who", "self"):
        missing.append("who")
    if families & {"suicide", "threat", "attack"} and not slots.filled("gun", "blade", "explosive", "means"):
        missing.append("means")
    if not slots.filled("known", "self"):
        missing.append("how_known")
    if life_safety and not slots.filled("safe_now"):
        missing.append("safe_now")
    return tuple(missing)
