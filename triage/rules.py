"""From what was matched to how urgent it is: hits, what raises them together, and what a whole message comes to."""

from collections.abc import Iterable
from dataclasses import dataclass

from triage.lexicon import Lexicon
from triage.model import Category, Severity
from triage.patterns import Matches
from triage.qualifiers import Hit, calm_words, lower
from triage.slots import Slots, fill

# Of two strands equally grave the first named is the main category (RUBRIC, "Main category").
PRECEDENCE = (
    Category.PLANNED_ATTACK,
    Category.SUICIDE_SELF_HARM,
    Category.CHILD_ABUSE,
    Category.MEDICAL_EMERGENCY,
    Category.MISSING_RUNAWAY,
    Category.DATING_VIOLENCE,
    Category.SEXUAL_HARASSMENT,
    Category.WEAPON,
    Category.PHYSICAL_VIOLENCE,
    Category.GANG,
    Category.HATE,
    Category.DRUGS_ALCOHOL,
    Category.CYBERBULLYING,
    Category.BULLYING,
    Category.MENTAL_HEALTH,
    Category.UNSAFE_CONDITIONS,
    Category.STAFF_CONCERN,
    Category.PROPERTY,
    Category.ACADEMIC,
    Category.OTHER,
    Category.SPAM,
    Category.TEST,
)
# Families whose words name a thing or a body: if that is harmless, so is what was said with it.
_THINGS = frozenset({"gun", "blade", "explosive", "state", "drugs", "missing", "self_harm", "fire", "building"})
_OF_NOTHING = frozenset({Category.ACADEMIC, Category.TEST, Category.SPAM, Category.OTHER})


@dataclass(frozen=True, slots=True)
class Raise:
    """When hits of all `families` stand beside one of `slots`, hits of the first family become `to`."""

    families: tuple[str, ...]
    slots: tuple[str, ...]
    to: Severity


# Critical is life in danger now or within a day, or means together with intent.
RAISES = (
    Raise(("suicide",), ("now", "today", "means", "plan", "goodbye", "risky_place"), Severity.CRITICAL),
    Raise(("self_harm",), ("now", "fear"), Severity.HIGH),
    Raise(("self_harm", "suicide"), (), Severity.HIGH),
    Raise(("threat", "explosive"), (), Severity.CRITICAL),
    Raise(("threat",), ("gun", "blade", "explosive", "now", "today", "plan"), Severity.CRITICAL),
    Raise(("threat", "gun"), (), Severity.CRITICAL),
    Raise(("attack",), ("gun", "blade", "explosive", "now"), Severity.CRITICAL),
    Raise(("attack", "threat"), (), Severity.CRITICAL),
    Raise(("gun",), ("school", "now", "soon"), Severity.CRITICAL),
    Raise(("gun", "threat"), (), Severity.CRITICAL),
    Raise(("gun", "fight"), (), Severity.CRITICAL),
    Raise(("gun", "suicide"), (), Severity.CRITICAL),
    Raise(("gun",), ("aimed",), Severity.CRITICAL),
    Raise(("blade",), ("aimed",), Severity.CRITICAL),
    Raise(("gun", "abuse"), (), Severity.CRITICAL),
    Raise(("blade", "threat"), (), Severity.CRITICAL),
    Raise(("blade", "fight"), (), Severity.CRITICAL),
    Raise(("explosive",), ("school", "now", "soon"), Severity.CRITICAL),
    Raise(("fight",), ("gun", "blade", "explosive"), Severity.CRITICAL),
    Raise(("abuse",), ("now", "gun", "blade"), Severity.CRITICAL),
    Raise(("partner",), ("now", "gun", "blade"), Severity.CRITICAL),
    Raise(("sexual_assault",), ("now",), Severity.CRITICAL),
    Raise(("missing",), ("older", "gun"), Severity.CRITICAL),
    Raise(("missing", "suicide"), (), Severity.CRITICAL),
    Raise(("kin_threat",), ("gun", "blade", "fear", "serious", "now"), Severity.CRITICAL),
    Raise(("coerced", "suicide"), (), Severity.HIGH),
)


@dataclass(frozen=True, slots=True)
class Finding:
    """All that the rules saw in one message."""

    hits: tuple[Hit, ...]
    slots: Slots
    matches: Matches
    carried: tuple[Severity, tuple[Category, ...]] = (Severity.NONE, ())
    pieced: bool = False
    """Whether it is graver than it would be without what was said before."""

    @property
    def severity(self) -> Severity:
        """Return the severity of the worst hit, none when there is none."""
        return max([self.carried[0], *(hit.severity for hit in self.hits)])

    @property
    def families(self) -> frozenset[str]:
        """Return the families of hits that nothing has lowered."""
        return frozenset(hit.rule.family for hit in self.hits if hit.why is None)


def judge(lexicon: Lexicon, matches: Matches, before: Iterable[Matches] = ()) -> Finding:
    """Return what the rules see, given what each earlier message has shown by itself."""
    earlier = [judge(lexicon, said) for said in before]
    families = frozenset[str]().union(*(finding.families for finding in earlier))
    filled = frozenset[str]().union(*(finding.slots.names() for finding in earlier))
    calm = calm_words(matches)
    slots = fill(matches, calm)
    hits = [
        lower(Hit(rule, start, end, rule.severity), matches, slots, calm)
        for rule in lexicon.rules
        for start, end in _shortest(matches, rule.key)
    ]
    hits = _untangled(_same_sense(hits), matches)
    carried = _carried(lexicon, families, slots)
    own = frozenset(hit.rule.family for hit in hits if hit.why is None)
    alone = tuple(_raised(hit, own, slots.names()) for hit in hits)
    together = tuple(_raised(hit, own | families, slots.names() | filled) for hit in hits)
    return Finding(together, slots, matches, carried, pieced=together != alone)


def _carried(lexicon: Lexicon, families: frozenset[str], slots: Slots) -> tuple[Severity, tuple[Category, ...]]:
    """Return what a message with no danger of its own adds to one told earlier: the place, the means, the moment."""
    raised = [
        rule
        for rule in RAISES
        if families.issuperset(rule.families) and slots.filled(*(name for name in rule.slots if name != "soon"))
    ]
    if not raised:
        return Severity.NONE, ()
    worst = max(raised, key=lambda rule: rule.to.rank)
    named = next(rule.category for rule in lexicon.rules if rule.family == worst.families[0])
    return worst.to, (named,)


def _same_sense(hits: list[Hit]) -> list[Hit]:
    """Where a hit's words are meant harmlessly, whatever else the same words showed is meant so too."""
    calmed: dict[int, set[str]] = {}
    for hit in hits:
        if hit.why == "harmless_sense" and hit.rule.family in _THINGS:
            for index in range(hit.start, hit.end):
                calmed.setdefault(index, set()).add(hit.rule.family)
    return [
        hit.at(Severity.NONE, "harmless_sense")
        if hit.why is None and any(calmed.get(index, set()) - {hit.rule.family} for index in range(hit.start, hit.end))
        else hit
        for hit in hits
    ]


def _untangled(hits: list[Hit], matches: Matches) -> list[Hit]:
    """Drop bare words where a rule says more, and threats and states where the words speak of a wish to die."""
    if any(hit.rule.family != "bare" for hit in hits):
        hits = [hit for hit in hits if hit.rule.family != "bare"]
    own = [hit for hit in hits if hit.rule.family == "suicide"]
    reach: dict[int, int] = {}  # from each word inside a wish to die to where that ends
    for hit in own:
        reach.update({index: max(hit.end, reach.get(index, 0)) for index in range(hit.start + 1, hit.end)})
    spoken = {index for hit in own for index in range(hit.start, hit.end)}
    hits = [hit for hit in hits if hit.rule.family != "state" or reach.get(hit.start, 0) < hit.end]
    if any(hit.rule.family == "staff_conduct" for hit in hits):  # meanness of staff is conduct of staff
        hits = [hit for hit in hits if hit.rule.family not in ("bullying", "bully")]
    crowds = {start for start, _ in matches.spans("crowd")}
    return [
        hit
        for hit in hits
        if hit.rule.family not in ("threat", "fight")
        or spoken.isdisjoint(range(hit.start, hit.end))
        or not crowds.isdisjoint(range(hit.start, hit.end + 3))
    ]


def _shortest(matches: Matches, key: str) -> list[tuple[int, int]]:
    return [(start, min(ends)) for start, ends in sorted(matches.ends.get(key, {}).items())]


def _raised(hit: Hit, families: frozenset[str], filled: frozenset[str]) -> Hit:
    if hit.why is not None:
        return hit
    for rule in RAISES:
        mine = hit.rule.family == rule.families[0] and families.issuperset(rule.families)
        if mine and hit.severity < rule.to and (not rule.slots or not filled.isdisjoint(rule.slots)):
            hit = hit.at(rule.to)
    return hit


def rank_categories(hits: tuple[Hit, ...]) -> tuple[Category, ...]:
    """Return the categories of the hits, the worst first; ties go to the one that `Category` names first."""
    worst: dict[Category, int] = {}
    for hit in hits:
        rank = hit.severity.rank * 2 + (hit.why is None)
        worst[hit.rule.category] = max(worst.get(hit.rule.category, 0), rank)
    named = tuple(sorted(worst, key=lambda category: (-worst[category], PRECEDENCE.index(category))))
    if max(worst.values(), default=0) <= 1:  # nothing to act on: a joke about guns is no tip about weapons
        return tuple(category for category in named if category in _OF_NOTHING)
    return named
