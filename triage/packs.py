"""Packs: a district's words as a file (YAML), read and checked, and compiled for the engine.

    places:  {school: [the pit], risky: [old trestle], other: [skate spot]}     local names of places
    people:  [Smoke]                                                            nicknames, not full names
    gangs:   [Eastside 13]
    drugs:   {cannabis: [zaza], pills: [skittles], deadly: [blues], vape: [puffs]}
    codes:   {bring the cookies: bring a gun}                                   what is said: what it means, plainly
    muted:   {bullying: [roast battle]}                                         category: phrases that say little here
    school:  {hours: 07:45-15:10, holidays: [2026-11-26, 2026-12-21 to 2027-01-01]}    shown to people, judges nothing

Every part may be missing. Phrases are plain words, no patterns; upper and lower case and accents are the same.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import TypeVar

from triage import engine, grave_words, lexicon
from triage.local import Mute, Pack, Phrase
from triage.model import Category
from triage.normalize import Vocabulary, fold, words
from triage.pack_files import PackRefused, Tree, mapping, parse, phrases
from triage.school_days import SchoolDays, read_days, read_hours
from triage.topics import URGENT

ENTRIES = 400
LONGEST = 60
"""Characters of a phrase."""
MOST_WORDS = 6
MOST_MUTED = 60
HOLIDAYS = 60
NO_DAYS = SchoolDays()
LIFE = URGENT | {Category.MEDICAL_EMERGENCY}
"""Categories that are about lives: nothing is muted in them."""
PLACES = {"school": "cafeteria", "risky": "bridge", "other": "park"}
DRUGS = {"cannabis": "weed", "pills": "xanax", "deadly": "fentanyl", "vape": "vape"}
"""The general word that a local one of each kind is read as."""
_PERSON, _GANG = "michael", "gang"
_GRAVE = frozenset(
    {"suicide", "self_harm", "threat", "attack", "gun", "blade", "explosive", "abuse", "partner", "sexual_assault"}
) | {"missing", "kin_threat", "coerced", "bare"}
"""Families of rules that put a life at risk, by themselves or with a word beside them."""
_HARM = ("gun", "blade", "explosive", "means")
_Entry = TypeVar("_Entry", Phrase, Mute)


@dataclass(frozen=True, slots=True)
class Local:
    """One entry as it was written: the phrase, the plain words it stands for, and the sign that shows it."""

    said: str
    means: str
    sign: str


@dataclass(frozen=True, slots=True)
class Source:
    """A pack as it was written. `muted` are pairs of category and phrase."""

    entries: tuple[Local, ...]
    muted: tuple[tuple[Category, str], ...]
    school: SchoolDays = NO_DAYS


def check(text: str) -> Source:
    """Read a pack that is to be used from now on. Raises: PackRefused, with everything that is wrong with it."""
    source = read(text)
    vocabulary = _vocabulary(source)
    faults = [*_of_entries(source, vocabulary), *(why for one in source.muted if (why := _not_muted(*one, vocabulary)))]
    if faults:
        raise PackRefused(faults)
    return source


def compiled(source: Source, name: str) -> Pack:
    """Return a pack for the engine. `name` is at most 29 characters.

    What may not be muted, by the rules of today, is left out: they may have learnt a word since the pack was checked.
    """
    vocabulary = _vocabulary(source)
    muted = [(category, said) for category, said in source.muted if _not_muted(category, said, vocabulary) is None]
    entries = [
        Phrase(plain, tuple(word.text for word in words(one.means, lexicon.load().vocabulary)), one.sign)
        for one in source.entries
        if (plain := _plain(one.said, vocabulary))
    ]
    mutes = [Mute(plain, category.value) for category, said in muted if (plain := _plain(said, vocabulary))]
    return Pack(name, vocabulary, _by_first(entries), _by_first(mutes))


def read(text: str) -> Source:
    """Read what a pack says, without judging it. Raises: PackRefused when it is no pack."""
    tree = parse(text)
    faults = [f"There is no part {name!r}." for name in tree if name not in _PARTS]
    entries: list[Local] = []
    muted: list[tuple[Category, str]] = []
    for part, work in _PARTS.items():
        try:
            entries.extend(work(tree.get(part, "")))
        except PackRefused as error:
            faults.extend(error.faults)
    try:
        muted.extend(_muted(tree.get("muted", "")))
    except PackRefused as error:
        faults.extend(error.faults)
    school = _school(tree.get("school", ""), faults)
    if len(entries) + len(muted) > ENTRIES:
        faults.append(f"There are {len(entries) + len(muted)} entries; {ENTRIES} are the most.")
    if len(muted) > MOST_MUTED:
        faults.append(f"{len(muted)} phrases are muted; {MOST_MUTED} are the most.")
    said = [one.said for one in entries] + [one for _, one in muted]
    faults.extend(why for one in (*said, *(one.means for one in entries)) if (why := _unfit(one)))
    if faults:
        raise PackRefused(list(dict.fromkeys(faults)))
    return Source(tuple(entries), tuple(muted), school)


def _listed(part: str, means: str, sign: str) -> Callable[[Tree], Iterator[Local]]:
    return lambda tree: (Local(said, means, sign) for said in phrases(tree, part))


def _kinds(part: str, kinds: Mapping[str, str], sign: str) -> Callable[[Tree], Iterator[Local]]:
    def work(tree: Tree) -> Iterator[Local]:
        for kind, below in mapping(tree, part, kinds).items():
            yield from (Local(said, kinds[kind], sign) for said in phrases(below, f"{part}, {kind}"))

    return work


def _codes(tree: Tree) -> Iterator[Local]:
    for said, means in mapping(tree, "codes").items():
        if not isinstance(means, str):
            raise PackRefused([f"codes: what {said!r} means is one phrase."])
        yield Local(said, means, "code_word")


def _muted(tree: Tree) -> Iterator[tuple[Category, str]]:
    known = {category.value for category in Category}
    for name, below in mapping(tree, "muted", known).items():
        yield from ((Category(name), said) for said in phrases(below, f"muted, {name}"))


def _school(tree: Tree, faults: list[str]) -> SchoolDays:
    """Read when school is in; what is wrong goes to `faults`."""
    try:
        parts = mapping(tree, "school", ("hours", "holidays"))
        hours, days = parts.get("hours") or None, phrases(parts.get("holidays", ""), "school, holidays")
        if len(days) > HOLIDAYS:
            faults.append(
                f"There are {len(days)} holidays; {HOLIDAYS} are the most. Write a week as one: first to last."
            )
            return NO_DAYS
        return SchoolDays(read_hours(str(hours)) if hours else None, tuple(read_days(one) for one in days))
    except PackRefused as error:
        faults.extend(error.faults)
    except ValueError:
        faults.append("school: hours are written 07:45-15:10, holidays 2026-11-26 or 2026-12-21 to 2027-01-01.")
    return NO_DAYS


_PARTS: Mapping[str, Callable[[Tree], Iterator[Local]]] = {
    "places": _kinds("places", PLACES, "local_place"),
    "people": _listed("people", _PERSON, "local_person"),
    "gangs": _listed("gangs", _GANG, "local_gang"),
    "drugs": _kinds("drugs", DRUGS, "local_drug"),
    "codes": _codes,
    "muted": lambda _tree: iter(()),
    "school": lambda _tree: iter(()),
}


def _unfit(said: str) -> str | None:
    """Say why a phrase cannot be one, whatever it says."""
    if not said.strip():
        return "A phrase is empty."
    if len(said) > LONGEST:
        return f"A phrase is longer than {LONGEST} characters: {said[:20]!r} …"
    strange = next((one for one in said if not (one in " '’-" or _is_letter(one))), None)
    if strange is not None:
        return f"{said!r} holds {strange!r}. Phrases are plain words: no patterns, no punctuation."
    if len(said.split()) > MOST_WORDS:
        return f"{said!r} has more than {MOST_WORDS} words."
    return None


def _is_letter(character: str) -> bool:
    return unicodedata.category(character)[0] in "LMN" or unicodedata.category(character) in ("So", "Sk")


def _of_entries(source: Source, vocabulary: Vocabulary) -> Iterator[str]:
    """Say which entries would do nothing, or would be heard everywhere."""
    general = lexicon.load()
    everyday = general.everyday["en"] | general.everyday["es"]
    seen: set[tuple[str, ...]] = set()
    for one in source.entries:
        plain = _plain(one.said, vocabulary)
        if not plain:
            yield f"{one.said!r} holds no word."
        elif len(plain) == 1 and plain[0] in everyday:
            yield f"{one.said!r} alone is an everyday word. Write it with the word beside it."
        elif plain in seen:
            yield f"{one.said!r} stands there twice."
        seen.add(plain)
        if one.sign == "code_word" and (why := _means_nothing(one.means)):
            yield why
    for _, said in source.muted:
        if not _plain(said, vocabulary):
            yield f"{said!r} holds no word."


def _means_nothing(means: str) -> str | None:
    finding, verdict = engine.weigh(means)
    known = lexicon.load().vocabulary.known
    unknown = next((word.text for word in finding.matches.words if word.text not in known), None)
    if unknown is not None:
        return f"The rules do not know the word {unknown!r} in {means!r}. Say what it means in plainer words."
    if not (finding.hits or finding.slots.found or verdict.reason == "undecided"):
        return f"The rules see nothing in {means!r}. Say what it means in plainer words, such as 'bring a gun'."
    return None


def _not_muted(category: Category, said: str, vocabulary: Vocabulary) -> str | None:
    """Say why a phrase may not be muted: it, or a word of it, may be the one that tells of a life at risk."""
    if category in LIFE:
        return f"Nothing is muted in {category.value}: it is about lives."
    plain = _plain(said, vocabulary)
    everyday = lexicon.load().everyday
    if len(plain) == 1 and plain[0] in everyday["en"] | everyday["es"]:
        return f"{said!r} alone is an everyday word. Write it with the word beside it."
    for text in (said, *plain):  # a word that is harmless in this phrase may not be so beside another
        finding, verdict = engine.weigh(text)
        grave = any(hit.rule.family in _GRAVE and (hit.why is None or text != said) for hit in finding.hits)
        if grave_words.spoken(text) or grave or verdict.severity.life_safety or finding.slots.filled(*_HARM):
            return f"{said!r} cannot be muted: {text!r} may tell of a life at risk."
    return None


def _vocabulary(source: Source) -> Vocabulary:
    """Return the general vocabulary with the local words added, so that their disguises are undone too."""
    general = lexicon.load().vocabulary
    said = [*(one.said for one in source.entries), *(said for _, said in source.muted)]
    single = {fold(word)[0].replace("'", "") for phrase in said for word in phrase.split()}
    return replace(general, known=general.known | {word for word in single if word not in general.spellings})


def _plain(said: str, vocabulary: Vocabulary) -> tuple[str, ...]:
    return tuple(word.text for word in words(said, vocabulary))


def _by_first(entries: list[_Entry]) -> dict[str, tuple[_Entry, ...]]:
    found: dict[str, list[_Entry]] = {}
    for entry in sorted(entries, key=lambda one: (-len(one.words), one.words)):
        found.setdefault(entry.words[0], []).append(entry)
    return {word: tuple(group) for word, group in found.items()}
