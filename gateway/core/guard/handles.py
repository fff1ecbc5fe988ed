"""The writer's own handle: `my insta is @…`, `mi ig es …`, `add me on snap …`; anybody else's @ is left alone."""

from __future__ import annotations

import re
from bisect import bisect_left
from collections.abc import Iterator

from gateway.core.guard.reading import Page
from gateway.core.guard.words import NOT_NAMES, is_participle
from triage import lexicon

_APP = (
    r"(?:instagram|insta|ig|snapchat|snap|sc|tiktok|tik tok|tt|discord|disc|twitter|facebook|fb|whatsapp|telegram"
    r"|reddit|xbox|psn|gamertag|gamer tag|username|user name|user|usuario|handle|cuenta|kik|steam|roblox|twitch"
    r"|youtube|yt|threads|bereal|@)"
)
_MINE = re.compile(
    rf" (?:my|mi) (?:(?:new|old|other|main|spam|backup|private|real|nuevo|nueva|otro|otra) ){{0,2}}"
    rf"(?:{_APP}|{_APP}s|{_APP}'s)"
    r"(?: (?:name|username|user|handle|account|acc|id|tag|usuario|cuenta|nombre))?"
    rf"(?: (?:en|on|de) {_APP})?(?P<is> (?:is|iz|si|es|:))?(?: (?:is|es|now|ahora|:|\"))*(?= )"
)
"""`my insta is`, `mi cuenta de ig es`."""
_ADD_ME = re.compile(
    r" (?:(?:add|follow|dm|pm|message|msg|text|snap|find|hit|reach|contact|write|tag|friend) me(?: back| up)?"
    r"|hmu|hit my line"
    r"|agregame|agreguenme|sigueme|siganme|anademe|buscame|escribeme|escribanme|mandame(?: un)? mensaje|contactame)"
    rf"(?: (?:on|at|in|en|por|a|through|via|my|mi|the|el))*(?P<app> {_APP})?(?: (?:is|es|at|:|\"|im|soy))*(?= )"
)
"""`add me on snap`, `agrégame en insta`."""
_I_AM = re.compile(r" (?:i am|im|i'm|soy|its|it's|this is|i go by)(?: :)?(?= )")
_APP_AFTER = re.compile(rf" (?:on|en|at) (?:my |mi |the |el )?{_APP} ")
_MINE_AFTER = re.compile(rf" (?:,|:)?(?: )?(?:is|es|thats|that's|thas) (?:(?:my|mi) (?:\w+ )?{_APP}|me |my @|mi @)")
"""`@x is my insta`, `@x thats me`."""
_HANDLE = re.compile(r"@?[^\W_]?[\w.\-]{1,40}(?:#\d{3,5})?")
_MARKED = re.compile(r"[@\d_#]|\w\.\w")
"""What shows a handle to be one."""
_AT = re.compile(r"@[\w.\-]{2,40}")


def find(page: Page) -> Iterator[tuple[int, int]]:
    """Give the places of the writer's own handles in the raw text, with their `@`."""
    for cue in _MINE.finditer(page.line):
        yield from _handle(page, cue.end(), sure=cue["is"] is not None)
    for cue in _ADD_ME.finditer(page.line):
        yield from _handle(page, cue.end(), sure=cue["app"] is not None)
    for cue in _I_AM.finditer(page.line):
        yield from _of_me(page, cue.end())
    for found in _AT.finditer(page.folded):
        start, end = _raw(page, found.start(), found.end())
        if (start == 0 or not page.raw[start - 1].isalnum()) and _MINE_AFTER.match(
            page.after(page.first_after(end), 6)
        ):
            yield start, end


def _of_me(page: Page, place: int) -> Iterator[tuple[int, int]]:
    """A handle after `im`: with its @, or where an app is named behind it."""
    for start, end in _handle(page, place, sure=False):
        named = _APP_AFTER.match(page.after(page.first_after(end), 5))
        if named or page.raw[start] in "@\uff20":
            yield start, end


def _handle(page: Page, place: int, *, sure: bool) -> Iterator[tuple[int, int]]:
    """Give the handle that begins at a blank of the line; where it is not `sure` it must look like one."""
    index = page.word_at(place)
    if index >= len(page.words) or page.words[index].text in {".", ","}:
        return
    start = bisect_left(page.offsets, page.words[index].start)
    while start > 0 and page.folded[start - 1] in "@_.":
        start -= 1
    found = _HANDLE.match(page.folded, start)
    if found is None:
        return
    written = found[0].rstrip(".-")
    plain = written.strip("@_")
    marked = _MARKED.search(written) is not None
    if len(plain) < 2 or (plain.isdigit() and not written.startswith("@")):
        return
    if marked or (sure and _is_free(plain)):
        yield _raw(page, start, start + len(written))


def _is_free(word: str) -> bool:
    """Whether a bare word says nothing by itself, so that it can be a handle."""
    known = lexicon.load().vocabulary.known
    return len(word) > 2 and word not in NOT_NAMES and word not in known and not is_participle(word)


def _raw(page: Page, start: int, end: int) -> tuple[int, int]:
    return page.offsets[start], page.offsets[end - 1] + 1
