"""Who helps right now, on every page: a country's lines (`help_lines.yaml`), then the district's and the school's."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import IO, Any

import phonenumbers
import yaml

from gateway.core.records import District, School

FILE = Path(__file__).with_name("help_lines.yaml")
ELSEWHERE = "US"
"""Whose lines are shown for a country that the file does not know yet."""


@dataclass(frozen=True)
class HelpLine:
    """One line: `call` and `text` are the numbers to dial; `shown` is how people write it."""

    shown: str
    call: str
    text: str
    short: str
    about: str

    @property
    def link(self) -> str:
        """Where the number leads when it is touched."""
        return f"tel:{self.call}" if self.call else f"sms:{self.text}"


@dataclass(frozen=True)
class Help:
    """What a page of one school shows, and where its quick exit leads."""

    lines: tuple[HelpLine, ...]
    leave_url: str


def of(district: District | None, school: School | None = None) -> Help:
    """Gather the lines for a school of a district, as far as they are known."""
    countries = _countries()
    country = countries.get(district.country if district else ELSEWHERE) or countries[ELSEWHERE]
    own = [*((district and district.help_lines) or ()), *((school and school.help_lines) or ())]
    return Help(
        lines=(*country.lines, *(_own(line, district.country if district else ELSEWHERE) for line in own)),
        leave_url=(district and district.leave_url) or country.leave_url,
    )


@cache
def _countries() -> Mapping[str, Help]:
    return {
        country: Help(tuple(_line(line) for line in known["lines"]), known["leave"])
        for country, known in yaml.safe_load(FILE.read_text("utf-8")).items()
    }


def _line(known: Mapping[str, str]) -> HelpLine:
    call, text = known.get("call", ""), known.get("text", "")
    return HelpLine(call or text, call, text, known["short"], known["about"])


def _own(known: Mapping[str, str], country: str) -> HelpLine:
    """A line of a district or school: `name`, and `number` in E.164 (or short, as people dial it)."""
    number = known["number"]
    return HelpLine(written(number, country), number, "", known["name"], known["name"])


def written(number: str, country: str) -> str:
    """Write a number as people of a country do."""
    try:
        parsed = phonenumbers.parse(number)
    except phonenumbers.NumberParseException:
        return number
    home = phonenumbers.region_code_for_number(parsed) == country
    style = phonenumbers.PhoneNumberFormat.NATIONAL if home else phonenumbers.PhoneNumberFormat.INTERNATIONAL
    return phonenumbers.format_number(parsed, style)


def extract(
    file: IO[bytes],
    _keywords: object,
    _comments: object,
    options: object,  # noqa: ARG001 - Babel passes it by name
) -> Iterator[tuple[int, None, str, Iterable[str]]]:
    """Hand the texts of `help_lines.yaml` to Babel. Source: Babel, "Writing Extraction Methods"."""
    known: Mapping[str, Mapping[str, Any]] = yaml.safe_load(file)
    for country in known.values():
        for line in country["lines"]:
            for name in ("short", "about"):
                yield 1, None, line[name], ()
