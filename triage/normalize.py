"""Raw text to plain words, each knowing which characters of the raw text it came from."""

import re
import unicodedata
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from itertools import islice, product

from triage.confusables import LEET, LOOKALIKE, MOJIBAKE
from triage.language import guess
from triage.spanish import sound

_MOJIBAKE = re.compile("|".join(sorted(map(re.escape, MOJIBAKE), key=len, reverse=True)))
# A run that may be a word; one of signs alone is none. Said as one pattern, a long run of signs would take minutes.
_RUN_OF_SIGNS = re.compile(r"[\w@$!*|+'-]+")
_LETTER = re.compile(r"\w")
_BREAK = re.compile(r"(?<![.!?])[.!?;](?=[\s\"')]|$)|[!?]+|\n")
_PAUSE = re.compile(r"[,:()]|\.\.+|\u2026| - ")
_COUNT = re.compile(r"\d+(st|nd|rd|th|pm|am|mm|mg|ml|gb?|kg?|cm|ft|lbs?|hrs?|mins?|s|x|pts|%)?")
_RUN = re.compile(r"(.)\1+")
_SPACED = 12
_MAX_WORD = 40
_SHORT_STEM = 4
_HEARD = 4


@dataclass(frozen=True, slots=True)
class Word:
    """A plain lower-case word without accents; `raw[start:end]` is where it stood. Sentences and clauses count on.

    `capital` tells that it was written with a capital letter in a text that is not all capitals.
    """

    text: str
    start: int
    end: int
    sentence: int
    clause: int = 0
    capital: bool = False


@dataclass(frozen=True, slots=True)
class Vocabulary:
    """What the lexicon knows, so that a disguise is undone only when a known word lies beneath it."""

    known: frozenset[str]
    spellings: dict[str, tuple[str, ...]]
    fuzzy: Callable[[str], str | None]
    sounds: dict[str, str] = field(default_factory=dict)


def words(raw: str, vocabulary: Vocabulary) -> tuple[Word, ...]:
    """Return the words of `raw` in order, disguises undone, slang spelled out; linear in the length of `raw`."""
    folded, offsets = fold(raw)
    if guess(raw) == "en":  # there a word heard as Spanish is more often a plain word that the lexicon lacks
        vocabulary = replace(vocabulary, sounds={})
    loud = sum(map(str.isupper, raw)) * 2 > sum(map(str.isalpha, raw))
    found: list[Word] = []
    for piece in _join_spaced(list(_pieces(folded)), vocabulary):
        start, end = offsets[piece.start], offsets[piece.end - 1] + 1
        capital = raw[start].isupper() and not loud
        found.extend(
            Word(plain, start, end, piece.sentence, piece.clause, capital) for plain in _plain(piece.text, vocabulary)
        )
    return tuple(found)


def fold(raw: str) -> tuple[str, list[int]]:
    """Return `raw` in lower case, without accents and look-alikes, and for each character its place in `raw`."""
    latin = _mainly_latin(raw)
    out: list[str] = []
    offsets: list[int] = []
    position = 0
    for match in _MOJIBAKE.finditer(raw):
        _fold_into(raw, position, match.start(), latin, out, offsets)
        mended = unicodedata.normalize("NFKD", MOJIBAKE[match.group()]).casefold()
        for character in mended:
            if not unicodedata.combining(character):
                out.append(character)
                offsets.append(match.start() + len(match.group()) - 1 if out[-1] == " " else match.start())
        position = match.end()
    _fold_into(raw, position, len(raw), latin, out, offsets)
    return "".join(out), offsets


def _fold_into(raw: str, start: int, end: int, latin: bool, out: list[str], offsets: list[int]) -> None:
    for index in range(start, end):
        character = raw[index]
        if character.isascii():
            plain = character.lower()
        else:
            plain = unicodedata.normalize("NFKD", character.replace("\u2019", "'").replace("\u2018", "'")).casefold()
            if latin:
                plain = plain.translate(LOOKALIKE)
        for piece in plain:
            if unicodedata.category(piece) not in ("Mn", "Cf", "Me"):
                out.append(piece)
                offsets.append(index)


def _mainly_latin(raw: str) -> bool:
    latin = foreign = 0
    for character in raw:
        if character.isalpha():
            if character < "\u0250":
                latin += 1
            else:
                foreign += 1
    return latin > foreign


def _pieces(folded: str) -> Iterator[Word]:
    """Yield each written word or symbol with its place in the folded text."""
    breaks = [match.start() for match in _BREAK.finditer(folded)]
    commas = [match.start() for match in _PAUSE.finditer(folded)]
    sentence = clause = 0
    for start, end in _spans(folded):
        while sentence < len(breaks) and breaks[sentence] < start:
            sentence += 1
        while clause < len(commas) and commas[clause] < start:
            clause += 1
        yield Word(folded[start:end], start, end, sentence, clause)


def _spans(folded: str) -> Iterator[tuple[int, int]]:
    position = 0
    for match in _RUN_OF_SIGNS.finditer(folded):
        if not _LETTER.search(match.group()):
            continue
        yield from _symbols(folded, position, match.start())
        start, end = match.span()
        while start < end and folded[start] in "'-*_!|+":
            start += 1
        while end > start and folded[end - 1] in "'-*_!|+@":
            end -= 1
        if start < end:
            yield start, end
        position = match.end()
    yield from _symbols(folded, position, len(folded))


def _symbols(folded: str, start: int, end: int) -> Iterator[tuple[int, int]]:
    for index in range(start, end):
        if unicodedata.category(folded[index]) in ("So", "Sk") and folded[index] > "\u2000":
            yield index, index + 1


def _plain(text: str, vocabulary: Vocabulary) -> tuple[str, ...]:
    """Return the plain words that one written word stands for."""
    bare = text.replace("'", "")
    for form in (text, bare):
        if form in vocabulary.spellings:
            return vocabulary.spellings[form]
    if bare in vocabulary.known or len(bare) > _MAX_WORD or _COUNT.fullmatch(bare):
        return (bare,)
    if text.endswith("'s") and text[:-2] in vocabulary.known:
        return (text[:-2],)
    if "-" in bare or "_" in bare:
        parts = [part for part in re.split(r"[-_]+", bare) if part]
        joined = "".join(parts)
        if all(len(part) == 1 for part in parts) and joined in vocabulary.known:
            return (joined,)
        if len(parts) > 1:
            return tuple(word for part in parts for word in _plain(part, vocabulary))
    undone = _undisguise(bare, vocabulary)
    return vocabulary.spellings.get(undone, (undone,))


def _undisguise(word: str, vocabulary: Vocabulary) -> str:
    """Return the known word beneath leet, masks, drawn-out letters or one slip of the finger, or `word` itself."""
    for candidate in _readings(word):
        for shape in (candidate, _RUN.sub(r"\1\1", candidate), _RUN.sub(r"\1", candidate)):
            if shape in vocabulary.known or shape in vocabulary.spellings:
                return shape
    if word.endswith("s") and len(word) > 3 and word[:-1] in vocabulary.known:
        return word
    if word.endswith("in") and len(word) > _SHORT_STEM and word + "g" in vocabulary.known:
        return word + "g"
    return _heard(word, vocabulary) or vocabulary.fuzzy(_RUN.sub(r"\1\1", word)) or word


def _heard(word: str, vocabulary: Vocabulary) -> str | None:
    """Return the Spanish word that `word` spells by ear (`nabaja`, `yorando`, `cansao`), if there is one."""
    if not word.isalpha() or len(word) < _HEARD:
        return None
    shapes = (word, re.sub("a(o|a|os|as)$", r"ad\1", word), re.sub("l$", "r", word))
    return next((found for shape in shapes if (found := vocabulary.sounds.get(sound(shape)))), None)


def _readings(word: str) -> Iterator[str]:
    yield word
    if "i" in word:
        yield word.replace("i", "l")
        yield word.replace("ii", "ll")
    if any(sign in word for sign in LEET) and any(character.isalpha() for character in word):
        choices = [LEET.get(character, character) for character in word]
        yield from islice(("".join(reading) for reading in product(*choices)), 16)
    if "*" in word and len(word) > 2:
        blanks = ["aeiou" if character == "*" else character for character in word]
        yield from islice(("".join(reading) for reading in product(*blanks)), 25)


def _join_spaced(found: list[Word], vocabulary: Vocabulary) -> Iterator[Word]:
    """Yield the words with `g u n` written letter by letter read as one."""
    index = 0
    while index < len(found):
        last = index
        while (
            last < len(found) and last - index < _SPACED and len(found[last].text) == 1 and found[last].text.isalnum()
        ):
            last += 1
        joined = _longest_spelled(found[index:last], vocabulary) if last - index > 2 else 0
        if joined:
            letters = found[index : index + joined]
            text = "".join(letter.text for letter in letters)
            yield Word(text, letters[0].start, letters[-1].end, letters[0].sentence, letters[0].clause)
            index += joined
        else:
            yield found[index]
            index += 1


def _longest_spelled(letters: list[Word], vocabulary: Vocabulary) -> int:
    for size in range(len(letters), 2, -1):
        if "".join(letter.text for letter in letters[:size]) in vocabulary.known:
            return size
    return 0
