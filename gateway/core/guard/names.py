"""The writer's own name: `my name is …`, `me llamo …`, and where it is plain enough `this is …`, `im …`, `soy …`."""

from __future__ import annotations

import re
from collections.abc import Iterator

from gateway.core.guard.given_names import GIVEN
from gateway.core.guard.reading import Page
from gateway.core.guard.words import GREETINGS, NOT_NAMES, PARTICLES, is_participle, words_of
from triage import lexicon

_NAME = r"(?:name|nmae|naem|nam|nme|namee|nane|anme|naame)"
_IS = r"(?:(?:is|iz|si|s|iis)(?: :)?|:)"
_SAYS = re.compile(
    rf" (?:my (?:(?:real|full|first|actual|own|legal) )?(?:{_NAME} {_IS}|{_NAME}s|{_NAME}'s)"
    r"|mi (?:verdadero )?(?:nombre|nomre|nonbre|nombr|nobre)(?: completo| real)? (?:es|e|s|:)(?: :)?"
    r"|me (?:llamo|yamo|llmao|llamoo|lamo|lllamo|llano)(?: :)?)(?: \")?(?= )"
)
"""What says outright that a name follows."""
_HINTS = re.compile(
    r" (?P<cue>(?:this|it) is|its|it's|this's|i am|im|i'm|i go by|call me|calls me|soy|habla|aqui|me dicen"
    r"|(?:me )?(?:puedes|puede|pueden) (?:llamarme|decirme|llamar|decir)|(?:dime|diganme|llamame))(?= )"
)
"""What a name may follow, among much else."""
_SPEAKER = re.compile(
    r" (?:he|she|they|it|who|guy|kid|dude|man|boy|girl|caller|person|el|ella|alguien)(?: just| then| always| also)?"
    r" (?:said|says|say|goes|wrote|texted|posted|told \w+|like|was like|is like|introduced \w+|dijo|dice|escribio|puso)"
    r"(?: that| que| as)?(?: [\",:])* $"
)
"""Somebody else is being quoted."""
_ABOUT = words_of("""
    he she they who whos is was has had hes shes theyre his her their with holding threatening el ella esta tiene estaba
    que quien brother sister friend friends mom dad cousin girlfriend boyfriend bf gf
""")
"""What follows a name that is somebody else's: `this is tyler he has a gun`, `im tyler brother`."""
_OPENERS = frozenset(("this is", "this's", "its", "it's", "it is", "habla", "aqui"))
"""These say who writes only where a text or sentence begins; in the middle they are about what was seen."""
_MOST = 4


def find(page: Page) -> Iterator[tuple[int, int]]:
    """Give the places of the writer's own names in the raw text."""
    for cue in _SAYS.finditer(page.line):
        first = page.word_at(cue.end())
        if _is_name(page, first) and not _quoted(page, page.word_at(cue.start())):
            yield _place(page, first, _last(page, first, PARTICLES))
    for cue in _HINTS.finditer(page.line):
        first = page.word_at(cue.end())
        if _is_hinted(page, cue["cue"], page.word_at(cue.start()), first):
            yield _place(page, first, _last(page, first))


def _is_name(page: Page, index: int) -> bool:
    """Whether a word can be a name where one is announced."""
    if index >= len(page.words):
        return False
    word = page.words[index].text
    if not word.isalpha() or word in NOT_NAMES or is_participle(word) or len(word) < 2:
        return False
    return page.is_capital(index) or word in GIVEN or word not in _known()


def _is_hinted(page: Page, cue: str, at: int, index: int) -> bool:
    """Whether a word is a name where only a hint stands before it; then it must look like one by itself."""
    if not _looks_like_a_name(page, index) or _quoted(page, at):
        return False
    if cue in _OPENERS:
        greeted = _greeted(page, at)
        begins = at == 0 or greeted or page.words[at - 1].text == "."
        if not begins or (cue.startswith("it") and not greeted):
            return False
    last = _last(page, index)
    following = page.words[last + 1].text if last + 1 < len(page.words) else "."
    return following not in _ABOUT


def _looks_like_a_name(page: Page, index: int) -> bool:
    if index >= len(page.words):
        return False
    word = page.words[index].text
    if not word.isalpha() or word in NOT_NAMES or is_participle(word):
        return False
    return word in GIVEN or (len(word) > 2 and page.is_capital(index) and word not in _known())


def _greeted(page: Page, at: int) -> bool:
    """Whether nothing but a greeting stands before a word, at the beginning of its sentence."""
    first = at
    while first > 0 and (page.words[first - 1].text in GREETINGS or page.words[first - 1].text == ","):
        first -= 1
    return first < at and (first == 0 or page.words[first - 1].text == ".")


def _quoted(page: Page, at: int) -> bool:
    return _SPEAKER.search(page.before(at, 6)) is not None


def _last(page: Page, first: int, between: frozenset[str] = frozenset()) -> int:
    """Find the last word of a name: surnames are taken in as far as they are written like one.

    `between` may stand in a name: `Ana de la Cruz`; behind a mere hint it is a place, `soy Ana de Lincoln`.
    """
    last, capital = first, page.is_capital(first)
    for index in range(first + 1, min(first + _MOST, len(page.words))):
        word = page.words[index].text
        gap = page.raw[page.words[index - 1].end : page.words[index].start]
        if not (word.isalpha() and (gap.isspace() or gap == "-")):
            break
        if capital and word in between and index + 1 < len(page.words):
            continue
        if word in NOT_NAMES or is_participle(word) or (word in _known() and not page.is_capital(index)):
            break
        if capital and not page.is_capital(index):
            break
        last = index
        if not capital:
            break
    return last


def _place(page: Page, first: int, last: int) -> tuple[int, int]:
    return page.words[first].start, page.words[last].end


def _known() -> frozenset[str]:
    """Words that the engine reads: they say what happened, so they are nobody's name unless written like one."""
    return lexicon.load().vocabulary.known
