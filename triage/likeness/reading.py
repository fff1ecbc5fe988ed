"""Reading: a text becomes the features by which it may be like another. Linear in the text's length."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date, timedelta

from triage.language import guess
from triage.likeness import copying, names
from triage.likeness.names import Name, Token
from triage.likeness.vocabulary import LONGEST_PHRASE, Vocabulary, load
from triage.normalize import fold

_TOKEN = re.compile(r"[^\W_]+(?:'[^\W_]+)?")
_SENTENCE = re.compile(r"[.!?\n:;]\s*$")
_DAYS = {
    day: number
    for number, days in enumerate(
        ("monday mon lunes", "tuesday tue tues martes", "wednesday wed weds miercoles",
         "thursday thu thurs thur jueves", "friday fri viernes", "saturday sat sabado", "sunday sun domingo")
    )
    for day in days.split()
}  # fmt: skip
_COUNTED = {
    word: number
    for number, words in enumerate(
        ("1st first primer primera primero 1", "2nd second segundo segunda 2", "3rd third tercer tercera tercero 3",
         "4th fourth cuarto cuarta 4", "5th fifth quinto quinta 5", "6th sixth sexto sexta 6",
         "7th seventh septimo septima 7", "8th eighth octavo octava 8", "9th ninth noveno novena 9",
         "10th tenth decimo 10", "11th eleventh 11",
         "12th twelfth 12"), 1)
    for word in words.split()
}  # fmt: skip
_COUNTABLE = {
    "floor": "place:floor", "piso": "place:floor", "period": "time:period", "hora": "time:period",
    "hour": "time:period", "grade": "who:grade", "grader": "who:grade", "grado": "who:grade", "graders": "who:grade",
}  # fmt: skip
_NUMBERED = {
    word: bit
    for bit, words in {
        "place:room": "room rm salon aula class classroom cuarto", "place:bus": "bus autobus camion ruta route",
        "place:locker": "locker casillero", "time:period": "period hora",
        "place:building": "building edificio hall wing",
    }.items()
    for word in words.split()
}  # fmt: skip
_SAYS_NOTHING = frozenset(("other", "test", "spam"))
SPECIFIC = 1.3
"""What a numbered place, a date or a lesson counts that both speak of."""


@dataclass(frozen=True, slots=True)
class Features:
    """What is told of one thing: who, and bits `kind:what` with the words that said so; shingles; a cue of copying."""

    names: tuple[Name, ...] = ()
    bits: Mapping[str, str] = field(default_factory=dict)
    shingles: frozenset[str] = frozenset()
    cue: str | None = None
    odd: frozenset[str] = frozenset()
    """Words that tips seldom have: one of them may be a name that is written without a capital."""
    length: int = 0
    """How many words tell something: of long texts each counts less."""

    def keys(self) -> frozenset[str]:
        """By what others that may be like it are looked for: names, what is rare enough, and a few of its shingles."""
        found = {key for name in self.names for key in name.sounds()}
        found |= {key for word in self.odd for key in Name(word).sounds()}
        few = sorted(self.shingles, key=_spread)[:_FEW_SHINGLES]
        return frozenset(found | self.bits.keys() | {f"same:{one}" for one in few})


_FEW_SHINGLES = 8


def _spread(shingle: str) -> int:
    """Order shingles by no order of theirs, and by the same in every text: what two share comes first in both."""
    mixed = 0xCBF29CE484222325
    for byte in shingle.encode("utf-8", "surrogatepass"):
        mixed = (mixed ^ byte) * 0x100000001B3 & 0xFFFFFFFFFFFFFFFF
    return mixed


def read(text: str, day: date, about: Iterable[str] = ()) -> Features:
    """Read a text that was written on `day` (where its school is): `tomorrow` and `friday` become dates.

    `about` are the categories that the engine sees in it.
    """
    known = load()
    tokens, folded = _tokens(text[: copying.LONGEST])
    found, used = names.find(tokens)
    words = [token.text for token in tokens]
    dates = list(_dates(known, words, day))
    used.update(at for at, word in enumerate(words) if word in {said for _, said in dates})
    bits = dict(dates)
    bits.update(_counted(known, words))
    spanish = guess(folded) == "es"
    for at, (phrase, meant) in _phrases(known, words):
        if spanish and phrase == "van":  # a verb there
            continue
        bits.update((bit, phrase) for bit in meant)
        used.update(range(at, at + len(phrase.split())))
    for at, word in enumerate(words):
        if at not in used and _is_telling(known, word):
            bits.setdefault(f"word:{_stem(word)}", word)
    bits.update((f"about:{one}", one.replace("_", " ")) for one in about if one not in _SAYS_NOTHING)
    telling = {word for at, word in enumerate(words) if at not in used and _is_telling(known, word)}
    odd = frozenset(word for word in telling - known.common if word.isalpha())
    return Features(
        tuple(dict.fromkeys(found)), bits, copying.shingles(words), copying.cue(folded), odd, len(telling) + len(used)
    )


def merge(parts: Iterable[Features]) -> Features:
    """Put what several texts of one conversation told together."""
    listed = list(parts)
    bits: dict[str, str] = {}
    for one in listed:
        bits.update(one.bits)
    return Features(
        tuple(dict.fromkeys(name for one in listed for name in one.names)),
        bits,
        frozenset().union(*(one.shingles for one in listed)),
        next((one.cue for one in listed if one.cue), None),
        frozenset().union(*(one.odd for one in listed)),
        sum(one.length for one in listed),
    )


def _tokens(text: str) -> tuple[list[Token], str]:
    folded, places = fold(text)
    plain = folded.replace("'", "")
    loud = sum(map(str.isupper, text)) * 2 > sum(map(str.isalpha, text))
    found, end = list[Token](), 0
    for match in _TOKEN.finditer(folded):
        begins = not found or _SENTENCE.search(folded[end : match.start()]) is not None
        capital = not loud and text[places[match.start()]].isupper()
        word = match[0].removesuffix("'s").replace("'", "")
        found.append(Token(word, capital, begins))
        end = match.end()
    return found, plain


def _dates(known: Vocabulary, words: list[str], day: date) -> Iterable[tuple[str, str]]:
    for at, word in enumerate(words):
        before = words[at - 1] if at else ""
        after = words[at + 1] if at + 1 < len(words) else ""
        if word in _DAYS:
            ahead = (_DAYS[word] - day.weekday()) % 7
            past = before in known.lists["last"] or after in known.lists["last"]
            yield _date(day + timedelta(days=ahead - 7 if past else ahead)), word
        elif word in known.lists["tomorrow"] and before not in {"la", "esta"}:
            yield _date(day + timedelta(days=1)), word
        elif word in known.lists["today"]:
            yield _date(day), word
        elif word in known.lists["yesterday"]:
            yield _date(day - timedelta(days=1)), word


def _date(day: date) -> str:
    return f"day:{day.isoformat()}"


def _counted(known: Vocabulary, words: list[str]) -> Iterable[tuple[str, str]]:
    """Find what has a number: `2nd floor`, `third period`, `room 204`, `number 14 bus`, `grade 9`, `11:45`."""
    for at, word in enumerate(words):
        after = words[at + 1] if at + 1 < len(words) else ""
        later = words[at + 2] if at + 2 < len(words) else ""
        if word in _COUNTED and after in _COUNTABLE:
            yield f"{_COUNTABLE[after]}{_COUNTED[word]}", f"{word} {after}"
        elif word in _NUMBERED and _is_number(number := later if after in known.lists["numbers"] else after):
            yield f"{_NUMBERED[word]}{number}", f"{word} {number}"
        elif word.isdigit() and after in _NUMBERED and words[at - 1 : at] and words[at - 1] in known.lists["numbers"]:
            yield f"{_NUMBERED[after]}{word}", f"{after} {word}"
        elif word in {"grade", "grado"} and after in _COUNTED:
            yield f"who:grade{_COUNTED[after]}", f"{word} {after}"
        elif word.isdigit() and len(word) in {3, 4} and words[at - 1 : at] != ["same"]:
            yield f"place:room{word}", word


def _is_number(word: str) -> bool:
    return (word[:1].isdigit() and len(word) <= 4) or (len(word) == 1 and word not in "aeiouy")


def _phrases(known: Vocabulary, words: list[str]) -> Iterable[tuple[int, tuple[str, tuple[str, ...]]]]:
    at = 0
    while at < len(words):
        for size in range(LONGEST_PHRASE, 0, -1):
            phrase = tuple(words[at : at + size])
            if len(phrase) == size and phrase in known.means:
                yield at, (" ".join(phrase), known.means[phrase])
                at += size - 1
                break
        at += 1


def _is_telling(known: Vocabulary, word: str) -> bool:
    return len(word) > 2 and word not in known.stop and not word.isdigit()


def _stem(word: str) -> str:
    """Take off the commonest endings of both languages: enough to find a word again."""
    for ending in ("ando", "iendo", "ing", "ados", "adas", "ado", "ada", "es", "ed", "s", "o", "a", "e"):
        if word.endswith(ending) and len(word) - len(ending) > 3:
            return word.removesuffix(ending)
    return word
