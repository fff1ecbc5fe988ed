"""Forms: what was typed, as plain text, and what is wrong with it. What cannot be taken stays in the form."""

from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncGenerator, AsyncIterator, Mapping
from dataclasses import dataclass, field, fields
from urllib.parse import urlsplit

from starlette.exceptions import HTTPException
from starlette.formparsers import FormParser, MultiPartException
from starlette.requests import Request

from channels.portal.files import CHOOSE_AGAIN, Files
from channels.portal.languages import N_
from channels.portal.topics import CODES
from gateway.core import receipts, reports
from gateway.core.characters import typed

BODY_BYTES = 2_000_000
"""A form of 100,000 signs still arrives, so that it can be shown again; three bytes are sent for each of a sign's."""
MOST_FIELDS = 50
_ONCE = re.compile(r"[0-9a-f]{32}")
ROLES = (("student", N_("A student")), ("parent", N_("A parent or family")), ("staff", N_("On the school staff")))


@dataclass(frozen=True)
class ReportForm:
    """A report as it was typed. `once` is drawn with its page, so that the same page sent twice is one report.

    `puzzle` is the page's challenge, and `solution` what its script found: see `gateway.core.puzzles`.
    """

    once: str
    puzzle: str = ""
    solution: str = ""
    text: str = field(default="", repr=False)
    topic: str = ""
    where: str = field(default="", repr=False)
    when: str = field(default="", repr=False)
    who: str = field(default="", repr=False)
    before: str = ""
    role: str = ""

    @property
    def fields(self) -> dict[str, str]:
        """Every field by its name, as the page sends it."""
        return {each.name: getattr(self, each.name) for each in fields(self)}

    @property
    def is_too_long(self) -> bool:
        """Whether a part is longer than is taken at once."""
        parts = (self.where, self.when, self.who)
        return len(self.text) > reports.LONGEST_WORDS or any(len(part) > reports.LONGEST_PART for part in parts)

    def faults(self, files: int = 0) -> dict[str, str]:
        """Say what is wrong, by field; nothing if it can be taken. A picture needs no words."""
        found: dict[str, str] = {}
        if not self.text.strip() and not files:
            found["text"] = N_("Write what happened. A few words are enough.")
        elif len(self.text) > reports.LONGEST_WORDS:
            found["text"] = N_("This is too long for one report. Cut it in two, and send two reports.")
        for name in ("where", "when", "who"):
            if len(getattr(self, name)) > reports.LONGEST_PART:
                found[name] = N_("This is too long. Write the rest under “What happened?”.")
        return found


@dataclass(frozen=True)
class AnswerForm:
    """An answer as it was typed, with the receipt that the page holds."""

    once: str
    receipt: str = field(default="", repr=False)
    text: str = field(default="", repr=False)

    def faults(self, files: int = 0) -> dict[str, str]:
        """Say what is wrong, by field; nothing if it can be taken. A picture needs no words."""
        if not self.text.strip() and not files:
            return {"text": N_("Write your answer first.")}
        if len(self.text) > reports.LONGEST_WORDS:
            return {"text": N_("This is too long for one answer. Cut it in two, and send two.")}
        return {}


def report(form: Mapping[str, str]) -> ReportForm:
    """Read a report; what is not one of the choices counts as not chosen."""
    given = {each.name: typed(form.get(each.name, "")) for each in fields(ReportForm)}
    given["once"] = _once(given["once"])
    given["topic"] = given["topic"] if given["topic"] in CODES else ""
    given["role"] = given["role"] if given["role"] in dict(ROLES) else ""
    given["before"] = "yes" if given["before"] else ""
    return ReportForm(**given)


def answer(form: Mapping[str, str]) -> AnswerForm:
    """Read an answer."""
    given = {each.name: typed(form.get(each.name, "")) for each in fields(AnswerForm)}
    return AnswerForm(**{**given, "once": _once(given["once"])})


def faults_of_files(files: Files, sent: Mapping[str, str]) -> dict[str, str]:
    """Say what becomes of the files of a form that is shown again: no page can keep them, but our script can."""
    if files.lost and not files.taken:
        return {"files": files.lost[0].why}
    return {"files": CHOOSE_AGAIN} if len(files) and "script" not in sent else {}


async def received(request: Request, patience_seconds: float) -> dict[str, str]:
    """Read the fields of a form without files; of one that is there twice the first counts.

    Raises: HTTPException 408 when it does not come to its end, 413 when it is far too long, 415 when
    it is no form of ours.
    """
    if not request.headers.get("content-type", "").startswith("application/x-www-form-urlencoded"):
        raise HTTPException(415)
    length = request.headers.get("content-length", "")
    if length.isascii() and length.isdigit() and int(length[:20]) > BODY_BYTES:
        raise HTTPException(413)
    try:
        async with asyncio.timeout(patience_seconds):
            form = await FormParser(
                request.headers, _bounded(request.stream()), max_fields=MOST_FIELDS, max_part_size=BODY_BYTES
            ).parse()
    except TimeoutError:
        raise HTTPException(408) from None
    except MultiPartException:
        raise HTTPException(413) from None
    first: dict[str, str] = {}
    for name, value in form.multi_items():
        if isinstance(value, str):
            first.setdefault(name, value)
    return first


def is_from_elsewhere(request: Request, own_url: str) -> bool:
    """Tell whether a browser says that another site made it send this.

    Pages without a referrer send `Origin: null`, as does the Tor browser: that says nothing. Nor is there a cookie that
    another site could use; this only keeps it from filling our desk through its visitors.
    Source: Fetch, "append a request Origin header"; W3C Fetch Metadata.
    """
    if request.headers.get("sec-fetch-site") == "cross-site":
        return True
    origin = urlsplit(request.headers.get("origin", "null")).netloc
    return bool(origin) and origin not in {urlsplit(own_url).netloc, request.headers.get("host")}


async def _bounded(stream: AsyncIterator[bytes]) -> AsyncGenerator[bytes, None]:
    left = BODY_BYTES
    async for content in stream:
        left -= len(content)
        if left < 0:
            raise HTTPException(413)
        yield content


def _once(given: str) -> str:
    return given if _ONCE.fullmatch(given) else receipts.new_seed()
