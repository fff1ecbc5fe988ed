"""What the packs beside this file say: which words mean one thing, which say nothing, which names are one name."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Any

import yaml

from triage import lexicon

LONGEST_PHRASE = 4


@dataclass(frozen=True, slots=True)
class Vocabulary:
    """All packs. `means` maps the words of a phrase to bits such as `place:gym`; `weights` says what each counts."""

    means: Mapping[tuple[str, ...], tuple[str, ...]]
    weights: Mapping[str, float]
    stop: frozenset[str]
    lists: Mapping[str, frozenset[str]]
    """Words by what they do in a text: titles before names, what announces a name, what looks like one and is none …"""
    given: frozenset[str]
    """Given names, nicknames among them, that are no everyday words."""
    everyday: frozenset[str]
    """Names that are everyday words too: they count only where they are written like one."""
    nicknames: Mapping[str, frozenset[str]]
    """A name: the names that it may stand for."""
    common: frozenset[str]
    """Words that the engine's lexicon knows: tips often have them."""


@cache
def load() -> Vocabulary:
    """Return the packs, read once."""
    packs = dict(_read("likeness/words.yaml"))
    stop = frozenset(str(packs.pop("stop")).split())
    lists = {name: frozenset(str(words).split()) for name, words in packs.pop("lists").items()}
    means: dict[tuple[str, ...], list[str]] = {}
    weights: dict[str, float] = {}
    for kind, weight, name, phrases in _entries(packs):
        bit = f"{kind}:{name}"
        weights[bit] = weight
        for phrase in phrases:
            means.setdefault(tuple(phrase.split("_")), []).append(bit)
    nicknames: dict[str, set[str]] = {}
    called = _read("likeness/nicknames.yaml")
    for line in called["names"]:
        for word in line.split():
            nicknames.setdefault(word, set()).add(line.split()[0])
    everyday = frozenset(called["everyday"].split())
    given = (_names() | nicknames.keys() | frozenset(called["more"].split())) - everyday
    return Vocabulary(
        means={words: tuple(bits) for words, bits in means.items()},
        weights=weights,
        stop=stop,
        lists=lists,
        given=given,
        everyday=everyday,
        nicknames={word: frozenset(stands_for) for word, stands_for in nicknames.items()},
        common=lexicon.load().vocabulary.known - _names(),
    )


def _entries(packs: Mapping[str, Mapping[float, Mapping[str, str]]]) -> Iterator[tuple[str, float, str, list[str]]]:
    for kind, by_weight in packs.items():
        for weight, groups in by_weight.items():
            for name, phrases in groups.items():
                yield kind, float(weight), name, str(phrases).split()


@cache
def _names() -> frozenset[str]:
    lines = str(_read("lexicon/names.yaml")["classes"]["name"])
    return frozenset(word for line in lines.split() for word in line.split("|") if len(word) > 1)


def _read(name: str) -> Any:
    return yaml.load((files("triage") / name).read_text("utf-8"), _LOADER)  # noqa: S506 (a safe loader)


_LOADER = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
