"""The texts that phones ring for (Wireless Emergency Alerts): one of 90 signs, one of 360, both of the GSM alphabet.

They travel as two parameters of each info. Older phones show the short one, newer ones the long one.
Source: 47 CFR §10.430; ATIS-0700037; 3GPP TS 23.038 for the alphabet.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Iterator

from exports.cap.findings import Finding, below
from exports.cap.model import Alert, Info, Named

SHORT, LONG = "CMAMtext", "CMAMlongtext"
LIMITS = {SHORT: 90, LONG: 360}
MOST_VERTICES = 100

ALPHABET = frozenset(
    "@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞÆæßÉ !\"#¤%&'()*+,-./0123456789:;<=>?"
    "¡ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§¿abcdefghijklmnopqrstuvwxyzäöñüà"
)
TWICE = frozenset("\f^{}\\[~]|€")
"""Signs of the alphabet's second page: each takes the room of two."""
_LIKE = str.maketrans({"‘": "'", "’": "'", "“": '"', "”": '"', "–": "-", "—": "-", "…": "...", "\u00a0": " "})


def check(alert: Alert) -> tuple[Finding, ...]:
    """Find where the texts for phones are too long, of signs that phones do not have, or there twice."""
    found: list[Finding] = []
    for number, info in enumerate(alert.infos, 1):
        found.extend(_info(info, below("", "info", number)))
    return tuple(found)


def length(text: str) -> int:
    """Count the room that a text takes, in signs; those of the second page take two."""
    return len(text) + sum(sign in TWICE for sign in text)


def plain(text: str) -> str:
    """Write a text in the alphabet: an accent falls where phones have no such letter; other signs are left out."""
    kept = []
    for sign in unicodedata.normalize("NFC", text.translate(_LIKE)):
        base = sign if sign in ALPHABET | TWICE else unicodedata.normalize("NFKD", sign)
        kept.append("".join(part for part in base if part in ALPHABET | TWICE))
    return "".join(kept)


def parameters(short: str, long: str) -> tuple[Named, Named]:
    """Give the two parameters of an info. Too long or of other signs, `check` says."""
    return Named(SHORT, short), Named(LONG, long)


def _info(info: Info, path: str) -> Iterator[Finding]:
    there = {name: [one.value for one in info.parameters if one.value_name == name] for name in LIMITS}
    for name, limit in LIMITS.items():
        for says, code in _faults(there[name], name, limit):
            yield Finding(below(path, "parameter"), code, says)
    if there[LONG] and not there[SHORT]:
        says = f"has {LONG} without {SHORT}, and older phones would stay silent"
        yield Finding(below(path, "parameter"), "wea_short_missing", says, advice=True)
    for number, area in enumerate(info.areas, 1):
        for which, polygon in enumerate(area.polygons, 1):
            if len(polygon) > MOST_VERTICES:
                says = f"has more than {MOST_VERTICES} pairs, and carriers may refuse it"
                yield Finding(f"{below(path, 'area', number)}/polygon[{which}]", "wea_vertices", says, advice=True)


def _faults(values: list[str], name: str, limit: int) -> Iterator[tuple[str, str]]:
    if len(values) > 1:
        yield f"has {name} twice", "wea_repeated"
    for value in values:
        if set(value) - ALPHABET - TWICE:
            yield f"has a {name} with signs that are not of the GSM 7-bit alphabet", "wea_alphabet"
        if length(value) > limit:
            yield f"has a {name} of {length(value)} signs, and {limit} are the most", "wea_long"
        if not value.strip():
            yield f"has an empty {name}", "wea_empty"
