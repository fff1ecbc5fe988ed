"""A text as plain words that know their place, written on one line so that cues can be looked for as patterns."""

from __future__ import annotations

import re
from bisect import bisect_left, bisect_right
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

from triage.normalize import fold

_TOKEN = re.compile(r"[^\W_]+(?:'[^\W_]+)*|[@\":=]|[.!?;](?=[\s\"')]|$)|[!?]+|\n|[,()]|\u2026| - ")
_DRAWN_OUT = re.compile(r"([^\W\d_])\1{2,}")
_BREAKS = frozenset(".!?;\n\u2026")
_SIGNS = frozenset('@":=')


@dataclass(frozen=True)
class Word:
    """A word in lower case without accents, or one of `@ " :`, `,` (a pause) and `.` (an end); `raw[start:end]`."""

    text: str
    start: int
    end: int


@dataclass(frozen=True)
class Page:
    """A raw text and its words. `line` is the words with one blank before, between and after them."""

    raw: str
    folded: str
    offsets: Sequence[int]
    words: Sequence[Word]

    @cached_property
    def line(self) -> str:
        """All words in a row; ` my name is `."""
        return "".join(f" {word.text}" for word in self.words) + " "

    @cached_property
    def _at(self) -> list[int]:
        """Where in the line the blank before each word stands."""
        places, at = [], 0
        for word in self.words:
            places.append(at)
            at += len(word.text) + 1
        return places

    @cached_property
    def mixed(self) -> bool:
        """Whether capitals say anything: some writers use none, some nothing else."""
        small = sum(sign.islower() for sign in self.raw[:4000])
        return small > sum(sign.isupper() for sign in self.raw[:4000])

    def word_at(self, place: int) -> int:
        """Find the word that begins at a blank of the line, or the next one after it."""
        return bisect_left(self._at, place)

    def first_after(self, raw: int) -> int:
        """Find the first word that ends behind a place of the raw text."""
        return bisect_right(self._ends, raw)

    def before(self, index: int, most: int) -> str:
        """Give up to `most` words before a word, of its own sentence, as a line."""
        first = index
        while first > 0 and index - first < most and self.words[first - 1].text != ".":
            first -= 1
        return "".join(f" {word.text}" for word in self.words[first:index]) + " "

    def after(self, index: int, most: int) -> str:
        """Give up to `most` words from a word on, of its own sentence, as a line."""
        last = index
        while last < len(self.words) and last - index < most and self.words[last].text != ".":
            last += 1
        return "".join(f" {word.text}" for word in self.words[index:last]) + " "

    def sentence_before(self, index: int, most: int) -> str:
        """Give the end of the sentence before the one that a word stands in, up to `most` words."""
        end = self._begins[index] - 1
        return self.before(end, most) if end > 0 else " "

    def written(self, index: int) -> str:
        """Give a word as it was written."""
        word = self.words[index]
        return self.raw[word.start : word.end]

    def is_capital(self, index: int) -> bool:
        """Whether a word was written with a capital that means something."""
        return self.mixed and self.written(index)[:1].isupper()

    @cached_property
    def _begins(self) -> list[int]:
        """For each word, and one more, the first word of its sentence."""
        begins, first = [], 0
        for index, word in enumerate(self.words):
            begins.append(first)
            if word.text == ".":
                first = index + 1
        return [*begins, first]

    @cached_property
    def _ends(self) -> list[int]:
        return [word.end for word in self.words]


def read(raw: str) -> Page:
    """Read a text; linear in its length."""
    folded, offsets = fold(raw)
    words = []
    for found in _TOKEN.finditer(folded):
        start, end = offsets[found.start()], offsets[found.end() - 1] + 1
        words.append(Word(_plain(found[0]), start, end))
    return Page(raw, folded, offsets, words)


def _plain(token: str) -> str:
    if token in _SIGNS:
        return token.replace("=", ":")
    if token[0] in _BREAKS:
        return "."
    return _DRAWN_OUT.sub(r"\1", token) if token[0].isalnum() else ","
