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


def fill(matches: Matches, calm: frozenset[int]) -> Slots:
    """Return the slots that `matches` fill; words in `calm` (figures of speech, toys) fill no slot of harm."""
    found: dict[str, tuple[Span, ...]] = {}
    for slot, classes in _SLOTS.items():
        spans = [span for name in classes for span in matches.spans(name)]
        if slot in _HARM:
            spans = [span for span in spans if calm.isdisjoint(range(*span))]
        if spans:
            found[slot] = tuple(sorted(spans))
    return Slots(found)


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
