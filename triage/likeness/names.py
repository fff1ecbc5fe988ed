"""Names: who is named in a text, and whether two names may be one person's, however they are spelled or shortened."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

import jellyfish

from triage.likeness.vocabulary import Vocabulary, load

_ALIKE = 0.9
"""Jaro-Winkler likeness (0 to 1) that two spellings of one sound must have."""
_RESPELLED = (("ph", "f"), ("ck", "k"), ("qu", "k"), ("y", "i"), ("c", "k"), ("z", "s"), ("v", "b"))
_SHORTEST = 3


@dataclass(frozen=True, slots=True)
class Name:
    """A name as it was written, in lower case without accents: the given one (of staff, the family's) and the rest.

    `sure` tells that it is known as a name, or announced as one; else it only looks like one.
    """

    first: str
    rest: tuple[str, ...] = ()
    staff: bool = False
    sure: bool = True

    @property
    def words(self) -> str:
        """The name as it is shown."""
        return " ".join((self.first, *self.rest)).title()

    def sounds(self) -> frozenset[str]:
        """What names that may be one with this have in common: codes of their sound, and what they are short for."""
        return frozenset(key for word in (self.first, *self.rest) if len(word) > 1 for key in _keys(word))


@lru_cache(maxsize=20_000)
def _keys(word: str) -> frozenset[str]:
    return frozenset((f"name:{jellyfish.metaphone(_respelled(word))}", *(f"name={one}" for one in stands_for(word))))


def stands_for(word: str) -> frozenset[str]:
    """Name what a given name may be short for, itself included."""
    return load().nicknames.get(word, frozenset()) | {word}


def alike(one: Name, other: Name) -> float:
    """Tell how sure it is that two names are one person's: 0 not at all, 1 the given name, 2 with the family's.

    -1 says that they are two: the given names are one, the families' are not.
    """
    if one.staff != other.staff:
        return 0
    if not _same(one.first, other.first, strict=True):
        crossed = any(_same(one.first, word) for word in other.rest) or any(_same(other.first, w) for w in one.rest)
        return 0.8 if crossed else 0
    if not (one.rest and other.rest):
        return 1
    pairs = [(mine, theirs) for mine in one.rest for theirs in other.rest]
    if any(_same(mine, theirs) for mine, theirs in pairs if min(len(mine), len(theirs)) > 1):
        return 2
    initials = [mine[0] == theirs[0] for mine, theirs in pairs if min(len(mine), len(theirs)) == 1]
    if initials:
        return 1.5 if any(initials) else -1
    return -1


def _same(one: str, other: str, *, strict: bool = False) -> bool:
    """Tell whether two words are one name.

    `strict` is for given names: of two that people know, a sound is not enough.
    """
    if one == other:
        return True
    if strict and stands_for(one) & stands_for(other):
        return True
    first, second = _respelled(one), _respelled(other)
    if first == second:
        return True
    if min(len(first), len(second)) < _SHORTEST or _ending(first) != _ending(second):
        return False
    given = load().given
    closer = 0.04 if strict and one in given and other in given else 0
    close = jellyfish.jaro_winkler_similarity(first, second) >= _ALIKE + closer
    return close and jellyfish.metaphone(first) == jellyfish.metaphone(second) and _vowels(first) == _vowels(second)


@lru_cache(maxsize=20_000)
def _respelled(word: str) -> str:
    """Write a name as it is heard: `Sarah` and `Sara`, `Bryan` and `Brian`, `Markus` and `Marcus` are then one."""
    for written, heard in _RESPELLED:
        word = word.replace(written, heard)
    word = re.sub(r"(.)\1", r"\1", word)
    return re.sub(r"(?<=.)(?<![sct])h", "", word) or word


def _vowels(word: str) -> str:
    """The vowels that are heard, `ai`, `ei` and `ie` as one."""
    return re.sub(r"[^aeiou]+", ".", re.sub(r"[ae]i|ie", "a", word)).rstrip("e")


def _ending(word: str) -> str:
    """What tells Mario from Maria, and Daniel from Danielle."""
    return word[-1] if word[-1] in "ao" else ("a" if word.endswith(("ele", "ete", "ine")) else "")


# --- Finding them ----------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Token:
    """A word of a text, in lower case without accents. `begins` a sentence; `capital` unless all is in capitals."""

    text: str
    capital: bool
    begins: bool


def find(tokens: Sequence[Token]) -> tuple[list[Name], set[int]]:
    """Find who is named, and which of the words were used up for it."""
    known, found, used = load(), list[Name](), set[int]()
    at = 0
    while at < len(tokens):
        staff = tokens[at].text in load().lists["titles"] and at + 1 < len(tokens)
        first = at + 1 if staff else at
        sure = _given(known, tokens, first) if not staff else _may_be(known, tokens, first, staff=True)
        if not (sure or _looks_like_one(known, tokens, first)):
            at += 1
            continue
        last = first + 1
        while last < min(len(tokens), first + 3) and _family(known, tokens, last):
            last += 1
        rest = tuple(token.text for token in tokens[first + 1 : last])
        found.append(Name(tokens[first].text, rest, staff, sure))
        used.update(range(at, last))
        at = last
    return found, used


def _given(known: Vocabulary, tokens: Sequence[Token], at: int) -> bool:
    """Whether a word is a given name for sure: everybody knows it as one, or it is announced."""
    token = tokens[at]
    written = token.capital and not token.begins
    if token.text in known.given or (written and token.text in known.everyday):
        return not _of_place(tokens, at)
    return at > 0 and tokens[at - 1].text in load().lists["announced"] and _may_be(known, tokens, at)


def _may_be(known: Vocabulary, tokens: Sequence[Token], at: int, *, staff: bool = False) -> bool:
    """Whether a word may be a name where one is announced."""
    token = tokens[at]
    usual = token.text in known.common or token.text in known.stop or (token.text,) in known.means
    no_names = known.lists["no_names"]
    named = token.text in no_names or token.text.removesuffix("s") in no_names
    plain = token.text.isalpha() and len(token.text) >= _SHORTEST and not named
    return plain and (not usual or (staff and token.capital) or (staff and token.text not in known.stop))


def _looks_like_one(known: Vocabulary, tokens: Sequence[Token], at: int) -> bool:
    """Whether a word that nobody knows is written like a name, inside a sentence or as who does something."""
    token = tokens[at]
    if not token.capital or not _may_be(known, tokens, at) or _of_place(tokens, at):
        return False
    following = tokens[at + 1].text if at + 1 < len(tokens) else ""
    return not token.begins or following in load().lists["acts"]


def _family(known: Vocabulary, tokens: Sequence[Token], at: int) -> bool:
    token = tokens[at]
    if token.begins or not token.text.isalpha() or token.text in known.stop or token.text in load().lists["no_names"]:
        return False
    if len(token.text) == 1:
        return token.capital
    usual = token.text in known.common or (token.text,) in known.means or token.text in load().lists["acts"]
    return token.capital if usual else True


def _of_place(tokens: Sequence[Token], at: int) -> bool:
    return at + 1 < len(tokens) and tokens[at + 1].text in load().lists["place_ends"]
