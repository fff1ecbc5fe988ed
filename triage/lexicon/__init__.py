"""The lexicon: YAML packs of spellings, word classes and rules in English and Spanish; both always apply.

`*_words.yaml` hold `spellings` (slang and contractions, written out), `classes` (patterns, see `triage.patterns`; packs
that name the same class add to it), `verbs` (classes of Spanish verbs in all their forms, see `triage.spanish`, without
the `not_verbs`, which are also other words), `everyday` (common words) and `guard` (real words never to be taken for a
slip). `*_rules.yaml` hold what a pattern shows and how urgent it is. Words stand without accents.
"""

from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Any

import yaml

from triage.fuzzy import FuzzyIndex
from triage.model import Category, Severity
from triage.normalize import Vocabulary
from triage.patterns import Matcher
from triage.spanish import forms, sound

VERSION = "2026.11.8"
_HEARD = 4
"""A word must have so many letters to be recognised by its sound alone."""

_WORD_PACKS = (
    "en_words.yaml",
    "en_harm_words.yaml",
    "en_state_words.yaml",
    "en_calm_words.yaml",
    "names.yaml",
    "en_frame_words.yaml",
    "en_sense_words.yaml",
    "en_scene_words.yaml",
    "es_verbs.yaml",
    "es_words.yaml",
    "es_harm_words.yaml",
    "es_state_words.yaml",
    "en_oblique_words.yaml",
    "es_oblique_words.yaml",
    "es_life_words.yaml",
    "es_calm_words.yaml",
    "es_frame_words.yaml",
    "es_sign_words.yaml",
    "es_guard_words.yaml",
    "hints.yaml",
    "en_hint_words.yaml",
)
_RULE_PACKS = (
    "shared_rules.yaml",
    "en_rules.yaml",
    "en_care_rules.yaml",
    "es_rules.yaml",
    "en_threat_rules.yaml",
    "en_despair_rules.yaml",
    "en_body_rules.yaml",
    "en_people_rules.yaml",
    "en_more_rules.yaml",
    "en_daily_rules.yaml",
    "en_oblique_rules.yaml",
    "en_menace_rules.yaml",
    "en_peril_rules.yaml",
    "en_grave_rules.yaml",
    "es_oblique_rules.yaml",
    "es_life_rules.yaml",
    "es_threat_rules.yaml",
    "es_care_rules.yaml",
    "es_school_rules.yaml",
    "es_sign_rules.yaml",
    "es_people_rules.yaml",
    "es_daily_rules.yaml",
)


@dataclass(frozen=True, slots=True)
class Rule:
    """What a match of the class `key` shows.

    `family` groups rules for raising and lowering. `firm` ones are not lowered by play, laughter or the past; those
    that are not `negatable` carry a negation of their own ("isn't waking up").
    """

    key: str
    indicator: str
    category: Category
    severity: Severity
    family: str
    firm: bool
    negatable: bool


@dataclass(frozen=True, slots=True)
class Lexicon:
    """All packs, compiled."""

    matcher: Matcher
    rules: tuple[Rule, ...]
    vocabulary: Vocabulary
    everyday: dict[str, frozenset[str]]
    foreign: frozenset[str]


@cache
def load() -> Lexicon:
    """Return the compiled lexicon, read once. Raises: ValueError when a pack contradicts itself."""
    spellings: dict[str, tuple[str, ...]] = {}
    sources: dict[str, list[str]] = {}
    everyday: dict[str, frozenset[str]] = {}
    guard: set[str] = set()
    common_words: set[str] = set()
    heard: set[str] = set()
    for name in _WORD_PACKS:
        pack = _read(name)
        spellings.update({word: tuple(str(text).split()) for word, text in pack.get("spellings", {}).items()})
        for word_class, patterns in pack.get("classes", {}).items():
            sources.setdefault(word_class, []).extend(_lines(patterns))
        for word_class, verbs in _verbs(pack).items():
            sources.setdefault(word_class, []).append("|".join(sorted(verbs)))
        if name.startswith("es_"):
            heard.update(_spanish(pack))
        common = frozenset(str(pack.get("everyday", "")).split())
        everyday[name[:2]] = everyday.get(name[:2], frozenset()) | common
        common_words.update(common)
        guard.update(common, str(pack.get("guard", "")).split())
    foreign = frozenset(" ".join(_read("other_languages.yaml").values()).split())
    rules = tuple(_rule(entry, f"rule.{index}", sources) for index, entry in enumerate(_rule_entries()))
    matcher = Matcher(sources, frozenset(common_words))
    sounds = {sound(word): word for word in sorted(heard, reverse=True)}
    known = matcher.vocabulary | {word for words in spellings.values() for word in words}
    targets = _plain_words(sources) - common_words
    fuzzy = FuzzyIndex(targets, guard | known | spellings.keys())
    return Lexicon(matcher, rules, Vocabulary(known | guard, spellings, fuzzy.find, sounds), everyday, foreign)


def _verbs(pack: dict[str, Any]) -> dict[str, frozenset[str]]:
    other = frozenset(str(pack.get("not_verbs", "")).split())
    return {
        name: frozenset().union(*(forms(entry) for entry in str(entries).split())) - other
        for name, entries in pack.get("verbs", {}).items()
    }


def _spanish(pack: dict[str, Any]) -> frozenset[str]:
    """Return the words of a Spanish pack that are worth hearing beneath a spelling by ear."""
    plain = _plain_words({name: _lines(text) for name, text in pack.get("classes", {}).items()})
    common = f"{pack.get('everyday', '')} {pack.get('guard', '')}"
    said = plain.union(*_verbs(pack).values(), common.split())
    return frozenset(word for word in said if word.isalpha() and len(word) >= _HEARD)


def _rule_entries() -> list[dict[str, Any]]:
    return [entry for name in _RULE_PACKS for entry in _read(name)]


def _rule(entry: dict[str, Any], key: str, sources: dict[str, list[str]]) -> Rule:
    sources[key] = _lines(entry["patterns"])
    return Rule(
        key=key,
        indicator=entry["indicator"],
        category=Category(entry["category"]),
        severity=Severity(entry["severity"]),
        family=entry.get("family", entry["category"]),
        firm=entry.get("firm", False),
        negatable=entry.get("negatable", True) and entry.get("family") != "state",
    )


def _read(name: str) -> Any:
    return yaml.load(files(__name__).joinpath(name).read_text("utf-8"), _LOADER)  # noqa: S506 (a safe loader)


_LOADER = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


def _lines(block: str) -> list[str]:
    return [line.strip() for line in block.splitlines() if line.strip()]


def _plain_words(sources: dict[str, list[str]]) -> frozenset[str]:
    """Return the words worth mending a slip for: those of rules and classes, not of weak hints or whole verbs."""
    lines = [line for name, group in sources.items() if not name.startswith(("hint_", "v_")) for line in group]
    return frozenset(word.removesuffix("?") for line in lines for part in line.split() for word in part.split("|"))
