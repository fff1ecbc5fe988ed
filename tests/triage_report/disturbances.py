"""Tips written worse: slips of the finger, leet, emoji, capitals, no accents, no punctuation. The same each time."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from random import Random

from tests.triage_report.corpus import BREAK, Tip

Disturb = Callable[[str, Random], str]
_WORD = re.compile(r"[^\W\d_]+")
_SLIPS, _LEETED, _LETTERS = 0.15, 0.3, 0.6
_NEIGHBOURS = dict(
    zip("qwertyuiopasdfghjklzxcvbnm", "wertyuiopoasdfghjkkxcvbnmn", strict=True)  # the key to the right
)
_LEET = {"a": "4@", "e": "3", "i": "1!", "o": "0", "s": "5$", "t": "7"}
_EMOJI = ("🙏", "👀", "😳", "❗", "🥺", "😬", "👉", "✨")
_LAUGHING = ("😂", "💀", "🤣")


def _slip(word: str, dice: Random) -> str:
    """Swap, drop, double or miss one letter, never the first."""
    place = dice.randrange(1, len(word))
    before, letter, after = word[:place], word[place], word[place + 1 :]
    kind = dice.choice(("swap", "drop", "double", "miss"))
    if kind == "swap" and after:
        return before + after[0] + letter + after[1:]
    if kind == "miss":
        return before + _NEIGHBOURS.get(letter.lower(), letter) + after
    return before + (letter * 2 if kind == "double" else "") + after


def typos(text: str, dice: Random) -> str:
    """Put a slip into about every seventh word of four letters or more."""
    return _WORD.sub(
        lambda found: (
            _slip(found.group(), dice) if len(found.group()) > 3 and dice.random() < _SLIPS else found.group()
        ),
        text,
    )


def leet(text: str, dice: Random) -> str:
    """Write figures and signs for letters in about every third word."""

    def spell(word: str) -> str:
        return "".join(
            dice.choice(_LEET[letter]) if letter in _LEET and dice.random() < _LETTERS else letter for letter in word
        )

    return _WORD.sub(
        lambda found: (
            spell(found.group().lower()) if len(found.group()) > 2 and dice.random() < _LEETED else found.group()
        ),
        text,
    )


def emoji(text: str, dice: Random) -> str:
    """Put emoji that say nothing into the text, some of them glued to a word, and two at its end."""
    return _strewn(text, dice, _EMOJI)


def laughing(text: str, dice: Random) -> str:
    """Put laughing emoji there: they lower nothing by themselves (`F5` of the rubric)."""
    return _strewn(text, dice, _LAUGHING)


def _strewn(text: str, dice: Random, signs: Sequence[str]) -> str:
    words = text.split(" ")
    for _ in range(1 + len(words) // 8):
        place = dice.randrange(len(words))
        words[place] += dice.choice(("", " ")) + dice.choice(signs)
    return " ".join(words) + dice.choice(signs) * 2


def capitals(text: str, dice: Random) -> str:
    """Write it in capitals, or each letter as it comes."""
    if dice.random() < 0.5:
        return text.upper()
    return "".join(letter.upper() if dice.random() < 0.5 else letter.lower() for letter in text)


def without_accents(text: str, _: Random) -> str:
    """Leave accents out."""
    apart = unicodedata.normalize("NFD", text)
    return unicodedata.normalize("NFC", "".join(sign for sign in apart if unicodedata.category(sign) != "Mn"))


def without_punctuation(text: str, _: Random) -> str:
    """Leave points and commas out and write all small, as a dictated text comes."""
    return re.sub(r"[.,;:!?¡¿'\"’()]", "", text).lower()


DISTURBANCES: Mapping[str, Disturb] = {
    "typos": typos,
    "leet": leet,
    "emoji": emoji,
    "laughing emoji": laughing,
    "capitals": capitals,
    "no accents": without_accents,
    "no punctuation": without_punctuation,
}


def disturb(tip: Tip, name: str, seed: int = 1) -> Tip:
    """Return the tip written so; each message of a thread by itself, the same for the same seed."""
    dice = Random(f"{seed}:{name}:{tip.id}")
    return replace(tip, text=BREAK.join(DISTURBANCES[name](text, dice) for text in tip.messages))
