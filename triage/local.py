"""Local words: what people of one district call places, people, gangs and drugs, read as words that everyone knows.

A pack translates and judges nothing: the general rules then read the translation (see `triage.district`).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

from triage.normalize import Vocabulary, Word

_MOST = 200
"""So many phrases of one text are translated: a text that repeats one a thousand times says no more by it."""

Found = tuple[str, int, int]
"""A sign, and from where to where its phrase stands in the raw text."""


@dataclass(frozen=True, slots=True)
class Phrase:
    """Plain `words` that stand in a row; read as the words `means`. `sign` is the indicator that shows it."""

    words: tuple[str, ...]
    means: tuple[str, ...]
    sign: str


@dataclass(frozen=True, slots=True)
class Mute:
    """Plain `words` that say little here: what they show in `category` (its code) is low, unless a life is at risk."""

    words: tuple[str, ...]
    category: str


@dataclass(frozen=True, slots=True)
class Pack:
    """A district's words, compiled by `triage.packs`; phrases and mutes by their first word, the longest first.

    `name` is the district and the version (`lincoln-3`). `vocabulary` is the general one with the local words added.
    """

    name: str
    vocabulary: Vocabulary
    phrases: Mapping[str, tuple[Phrase, ...]]
    mutes: Mapping[str, tuple[Mute, ...]]


def translate(words: tuple[Word, ...], pack: Pack) -> tuple[tuple[Word, ...], tuple[Found, ...]]:
    """Return the words with local phrases in plain terms, each still where it stood, and which phrases those were."""
    plain: list[Word] = []
    found: list[Found] = []
    index = 0
    while index < len(words):
        phrase = _phrase_at(words, index, pack) if len(found) < _MOST else None
        if phrase is None:
            plain.append(words[index])
            index += 1
            continue
        first, last = words[index], words[index + len(phrase.words) - 1]
        plain.extend(replace(first, text=text, end=last.end, capital=False) for text in phrase.means)
        found.append((phrase.sign, first.start, last.end))
        index += len(phrase.words)
    return tuple(plain), tuple(found)


def muted(words: tuple[Word, ...], pack: Pack) -> tuple[tuple[str, int, int], ...]:
    """Return the category that is muted and from where to where in the raw text, for each muted phrase."""
    return tuple(
        (mute.category, word.start, words[index + len(mute.words) - 1].end)
        for index, word in enumerate(words)
        for mute in pack.mutes.get(word.text, ())
        if _stands(mute.words, words, index)
    )


def _phrase_at(words: tuple[Word, ...], index: int, pack: Pack) -> Phrase | None:
    candidates = pack.phrases.get(words[index].text, ())
    return next((phrase for phrase in candidates if _stands(phrase.words, words, index)), None)


def _stands(texts: tuple[str, ...], words: tuple[Word, ...], index: int) -> bool:
    """Return whether `texts` stand at `index` in a row, within one sentence."""
    stretch = words[index : index + len(texts)]
    return tuple(word.text for word in stretch) == texts and stretch[-1].sentence == stretch[0].sentence
