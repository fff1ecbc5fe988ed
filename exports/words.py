"""What text may leave: free words that passed the guard, codes and ids that can hold nothing else.

Each is a type of its own, so that a snapshot made of them has no field in which an address, a receipt or a token could
stand. What is hidden is written as U+2588, sign for sign.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import InitVar, dataclass, field
from datetime import UTC, datetime, timedelta

from exports import address_search, receipt_search
from gateway.core import guard
from gateway.core.characters import showable

SIGN = "\u2588"
LONGEST = guard.LONGEST
"""Characters that may leave in one piece: the guard looks through no more, and what it did not look through stays."""
_SECRET = re.compile(r"(?<![0-9A-Za-z])(?:tip_[\w\-]{20,}|(?:[A-Z]{2})?[0-9a-fA-F]{24,})(?![0-9A-Za-z])")
_CODE = re.compile(r"[a-z][a-z0-9]*(?:[_.+\-/][a-z0-9]+)*")
_VERSION = re.compile(r"[a-z]?\d{1,4}(?:[./]\d{1,4}){0,5}(?:\+[a-z0-9-]{1,20}-\d{1,6})?")
_NUMBER = re.compile(r"\d{7}|(?<!\d)\d{3}-\d{4}(?!\d)")
_DIGITS = re.compile(r"\d{5}")
_GROUPED = re.compile(r"(?<![0-9a-z])[0-9a-z]{4}(?:[_.+\-/]?[0-9a-z]{4}){3}(?![0-9a-z])")
_PARTED = re.compile(r"\d(?:[_.+\-/]?\d){6}")
"""Seven digits, however they are parted within a code."""


def secrets(text: str) -> Iterator[tuple[str, int, int]]:
    """Find what has the shape of a token, or is likelier a receipt than prose: what it is, where it begins and ends."""
    yield from (("token", *found.span()) for found in _SECRET.finditer(text))
    yield from (("receipt", *found) for found in receipt_search.find(text))


class Code(str):
    """A code of ours or a media type, such as `planned_attack`; whatever is none becomes `other`."""

    __slots__ = ()

    def __new__(cls, text: str) -> Code:
        """Keep it if it is one."""
        secret = _DIGITS.search(text) or _PARTED.search(text) or _is_receipt(text)
        fits = len(text) <= 60 and _CODE.fullmatch(text) and not secret
        return super().__new__(cls, text if fits else "other")


class Slug(str):
    """The short name of a district or a school, such as `9th-grade-campus`; whatever is none becomes `other`.

    Seven digits in a row, or as three and four, are a phone number and no school's.
    """

    __slots__ = ()

    def __new__(cls, text: str) -> Slug:
        """Keep it if it is one."""
        fits = re.fullmatch(r"[a-z0-9-]{1,63}", text) and not _NUMBER.search(text) and not _is_receipt(text)
        return super().__new__(cls, text if fits else "other")


class Subject(str):
    """What an event is about: `<thing>/<id>`, `log/<number>`, `backup`, or short names such as `key/demo/2026-11`.

    An id that is none becomes `other`, and so does a thing.
    """

    __slots__ = ()

    def __new__(cls, text: str) -> Subject:
        """Keep it if it is one."""
        thing, slash, key = text.partition("/")
        thing = thing if re.fullmatch(r"[a-z_]{1,30}", thing) else "other"
        name, _, month = key.partition("/") if thing == "key" else (key, "", "")
        is_id = re.fullmatch(r"[0-9a-f]{32}", key) or (thing == "log" and re.fullmatch(r"[0-9]{1,9}", key))
        fits = is_id or (Slug(name) == name and re.fullmatch(r"(20[0-9]{2}-[0-9]{2})?", month))
        return super().__new__(cls, f"{thing}{slash}{key if fits else 'other'}" if slash else thing)


class Id(str):
    """The random id of a row, 32 hex digits, which says nothing of whom it is about. Raises: ValueError."""

    __slots__ = ()

    def __new__(cls, text: str) -> Id:
        """Keep it if it is one."""
        if not re.fullmatch(r"[0-9a-f]{32}", text):
            raise ValueError("not an id")
        return super().__new__(cls, text)


class Number(str):
    """What people call a case, such as `2026-0012`. Raises: ValueError."""

    __slots__ = ()

    def __new__(cls, text: str) -> Number:
        """Keep it if it is one."""
        if not re.fullmatch(r"20\d\d-\d{4,6}", text):
            raise ValueError("not the number of a case")
        return super().__new__(cls, text)


class Url(str):
    """An address of the deployment itself, without a query. Raises: ValueError."""

    __slots__ = ()

    def __new__(cls, text: str) -> Url:
        """Keep it if it is one."""
        if not re.fullmatch(r"https?://(?:[\w.\-]+|\[[0-9a-f:]+\])(?::\d{1,5})?(?:/[\w.\-~%]+)*", text, re.ASCII):
            raise ValueError("not an address of ours")
        return super().__new__(cls, text)


class Version(str):
    """The version of the rules, such as `2026.11.5+demo-3`: after `+` that of the district's own words.

    Whatever is none becomes `unknown`.
    """

    __slots__ = ()

    def __new__(cls, text: str) -> Version:
        """Keep it if it is one."""
        fits = _VERSION.fullmatch(text) and not _NUMBER.search(text)
        return super().__new__(cls, text if fits else "unknown")


class Size(int):
    """How large a file is, in kilobytes, up to the next hundred: to the byte it names the file in whose phone it is."""

    __slots__ = ()

    def __new__(cls, size_bytes: int) -> Size:
        """Take bytes."""
        return super().__new__(cls, -(-size_bytes // 100_000) * 100)


def _is_receipt(text: str) -> bool:
    """Tell whether a receipt stands in a code or short name; one without a digit could be four words as well."""
    grouped = any(any(map(str.isdigit, found[0])) for found in _GROUPED.finditer(text))
    return grouped and bool(receipt_search.find(text))


@dataclass(frozen=True, slots=True)
class Words:
    """Free text without what tells who wrote it. Making one hides that; there is no way around.

    Of a reporter's words (`written_by_staff` false) their own name, number, e-mail and handle are hidden, those of the
    people they tell of are not: they are what a tip is for. Staff write a reporter's number down as somebody else's
    ("her number is …"), so of theirs every number and e-mail address is. Receipts, tokens and network addresses are
    hidden whosever they are. `region` (ISO 3166-1) reads numbers.
    """

    text: str = field(repr=False)
    written_by_staff: InitVar[bool] = True
    region: InitVar[str] = "US"

    def __post_init__(self, written_by_staff: bool, region: str) -> None:
        """Hide what must not leave."""
        text = showable(self.text)
        if len(text) > LONGEST:
            text = text[: LONGEST - 1] + "\u2026"
        spans = guard.find(text, region)
        hidden = guard.hide(text, spans, SIGN)
        if written_by_staff:
            hidden = guard.hide(hidden, guard.contacts(hidden, region), SIGN)
        told = [*address_search.find(text), *((start, end) for _, start, end in secrets(text))]
        # found in the text as it came: what is hidden would cut one in two
        object.__setattr__(self, "text", guard.cover(hidden, told, SIGN))

    def __str__(self) -> str:
        return self.text


@dataclass(frozen=True, slots=True)
class Policy:
    """How much leaves: in spans of how many minutes reports are told of, and whether people on staff are named."""

    report_minutes: int = 15
    names_staff: bool = True


@dataclass(frozen=True, slots=True)
class Moment:
    """A time, UTC-aware, and how exact it is: `within_minutes` after it, or at that very moment when 0.

    When a report came in is never told to the second: together with a carrier's records that points at who sent it.
    """

    at: datetime
    within_minutes: int = 0

    @classmethod
    def coarse(cls, at: datetime, minutes: int) -> Moment:
        """Tell no more than in which span of so many minutes something was; exact when 0."""
        if not minutes:
            return cls(at.astimezone(UTC))
        midnight = at.astimezone(UTC).replace(hour=0, minute=0, second=0, microsecond=0)
        into = int((at - midnight).total_seconds()) // 60
        return cls(midnight + timedelta(minutes=into - into % minutes), minutes)
