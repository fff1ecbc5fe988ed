"""Looking for a number wherever it may have leaked to, in every dress it may wear."""

from __future__ import annotations

import base64
import json
from collections.abc import Iterable
from pathlib import Path
from urllib.parse import quote, quote_plus

import phonenumbers
from phonenumbers import PhoneNumberFormat


def dresses(number: str) -> dict[str, bytes]:
    """List the forms in which an E.164 number would give someone away: written, encoded, in hex, in base64.

    Base64 is listed for each of the three places at which the number may start within a group of bytes.
    """
    parsed = phonenumbers.parse(number)
    national = str(parsed.national_number)
    written = {
        "E.164": number,
        "digits": number[1:],
        "local": f"{national[-7:-4]}-{national[-4:]}",
        "national digits": national,
        "national": phonenumbers.format_number(parsed, PhoneNumberFormat.NATIONAL),
        "international": phonenumbers.format_number(parsed, PhoneNumberFormat.INTERNATIONAL),
        "dashes": f"{national[:3]}-{national[3:6]}-{national[6:]}",
        "dots": f"{national[:3]}.{national[3:6]}.{national[6:]}",
        "spaces": f"{national[:3]} {national[3:6]} {national[6:]}",
        "URL": quote(number, safe=""),
        "URL form": quote_plus(phonenumbers.format_number(parsed, PhoneNumberFormat.NATIONAL)),
        "JSON escape": json.dumps(number).replace("+", "\\u002b").strip('"'),
    }
    found = {name: text.encode() for name, text in written.items()}
    found["UTF-16"] = national.encode("utf-16-le")
    found["hex"] = national.encode().hex().encode()
    for name, text in (("E.164", number), ("national digits", national)):
        for shift in range(3):
            found[f"base64 of {name} at {shift}"] = _base64_inside(text.encode(), shift)
    return found


def _base64_inside(text: bytes, shift: int) -> bytes:
    """What stays the same of a text's base64, whatever stands before it (`shift` bytes beyond a group) and after it."""
    start = -(-shift * 8 // 6)
    whole = (shift + len(text)) * 8 // 6
    return base64.b64encode(b"\0" * shift + text + b"\0\0")[start:whole]


def search(content: bytes, numbers: Iterable[str]) -> list[str]:
    """Name the dresses in which any of the numbers stands in some bytes."""
    urlsafe = content.replace(b"-", b"+").replace(b"_", b"/")
    return [
        f"{number[-4:]} as {name}"
        for number in numbers
        for name, dress in dresses(number).items()
        if dress in content or (name.startswith("base64") and dress in urlsafe)
    ]


def search_files(root: Path, numbers: Iterable[str], *, aside: Iterable[str] = ()) -> dict[str, list[str]]:
    """Search every file under a folder but those whose path begins with one of `aside`; the answer is where and how."""
    wanted, found = list(numbers), {}
    for path in sorted(p for p in root.rglob("*") if p.is_file()):
        name = str(path.relative_to(root))
        if not name.startswith(tuple(aside)) and (hits := search(path.read_bytes(), wanted)):
            found[name] = hits
    return found


def within(word: str, content: bytes) -> bool:
    """Whether a word stands in some bytes; see `words_in`."""
    return bool(words_in([word], content))


def words_in(words: Iterable[str], content: bytes) -> list[str]:
    """Name the words that stand in some bytes: written, in any case; in UTF-16, in hex, in base64."""
    lower = content.lower()
    found = []
    for word in words:
        text = word.lower().encode()
        dressed = [text.hex().encode(), *(_base64_inside(text, shift) for shift in range(3))]
        wide = word.lower().encode("utf-16-le")
        if text in lower or wide in lower or any(dress in content for dress in dressed):
            found.append(word)
    return found
