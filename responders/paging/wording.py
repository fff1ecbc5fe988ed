"""The words of pages and of answers to responders: neutral, fit for a lock screen, GSM 7-bit; never the tip's."""

from __future__ import annotations

import unicodedata
from collections.abc import Sequence

from responders.cases.records import Case
from triage.model import Category, Severity

SEGMENT = 160
"""Characters of one GSM 7-bit text. Source: 3GPP TS 23.038."""
_SHORTEST_PLACE = 8
_LONGEST_NAME = 60
_TWICE = str.maketrans(dict.fromkeys("[]{}\\^~|`", " "))
"""What GSM 7-bit does not have, or counts twice."""

ASK_FOR_CODE = "Reply with the 4-digit code of your page to acknowledge it."
NOT_OPEN = "That code is not open. Reply with the 4-digit code of your latest page."
ALREADY = "Already acknowledged. Thank you."
ALREADY_BUT_MORE = "Already acknowledged. More has come in since: a new page follows."


def page(cases: Sequence[Case], place: str, code: str, console_url: str) -> str:
    """Write a page about `cases`, the most urgent first, in one segment where the link lets it."""
    first, more = cases[0], len(cases) - 1
    head = f"{'CRITICAL' if first.severity == Severity.CRITICAL else 'HIGH'}: {_topic(first)} - "
    tail = f". Case {first.number}{f' (+{more} more)' if more else ''}. Reply {code} to acknowledge. "
    link = f"{console_url}/cases/{first.number}"
    room = max(SEGMENT - len(head) - len(tail) - len(link), _SHORTEST_PLACE)
    return f"{head}{gsm(place)[:room].strip()}{tail}{link}"


def acknowledged(numbers: Sequence[str], *, more: bool) -> str:
    """Tell a responder what their answer acknowledged, and whether something else goes on under a new code."""
    rest = f" (+{len(numbers) - 1} more)" if len(numbers) > 1 else ""
    since = " More has come in since: a new page follows." if more else ""
    return f"Acknowledged: case {numbers[0]}{rest}. Thank you.{since}"


def reported(number: str) -> str:
    """Tell a member of staff what has become of words that tell of danger."""
    return f"Your text is now case {number}. People on call are being paged. In an emergency call 911."


def taken(name: str, numbers: Sequence[str]) -> str:
    """Tell others who were paged who has a case now; without a name, that somebody has."""
    rest = f" (+{len(numbers) - 1} more)" if len(numbers) > 1 else ""
    who = gsm(name)[:_LONGEST_NAME].strip()
    return f"{who} has case {numbers[0]}{rest}." if who else f"Case {numbers[0]}{rest} is taken."


def new_message(number: str, console_url: str) -> str:
    """Tell who has a case that its reporter wrote again."""
    return f"New message in case {number}. {console_url}/cases/{number}"


def gsm(text: str) -> str:
    """Write text in plain letters that every phone's 7-bit alphabet has: accents fall, other signs become spaces."""
    plain = unicodedata.normalize("NFKD", text).encode("ascii", "ignore").decode()
    kept = "".join(sign if sign.isprintable() else " " for sign in plain).translate(_TWICE)
    return " ".join(kept.split())


def _topic(case: Case) -> str:
    if not Severity(case.severity).life_safety and case.unsure:
        return "unclear message"
    try:
        return gsm(Category(case.categories[0]).label)
    except (IndexError, ValueError):
        return Category.OTHER.label
