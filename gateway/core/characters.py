"""Characters: what no page and no database can carry is replaced where it is shown, and dropped where it was typed."""

from __future__ import annotations

_UNSHOWABLE = dict.fromkeys((*range(9), 0x0B, 0x0C, *range(0x0E, 0x20), 0x7F, *range(0xD800, 0xE000)), 0xFFFD)
"""Control characters and lone surrogates become the replacement mark, one for one, so that spans still fit."""
_DROPPED = dict.fromkeys(_UNSHOWABLE)


def showable(text: str) -> str:
    """Replace what no page can carry (NUL, control characters, lone surrogates); the length stays the same."""
    return text.translate(_UNSHOWABLE)


def typed(text: str) -> str:
    """Read what somebody typed: plain line ends, without what no text message and no database can carry."""
    return text.replace("\r\n", "\n").replace("\r", "\n").translate(_DROPPED)
