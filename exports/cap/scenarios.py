"""What happened, as people say it: templates that fill an alert's infos in English and Spanish (`scenarios.yaml`).

A template is where staff start: each code and each word of the infos may be changed before the alert is checked.
A drill or test says so in every text, and never carries the event code of a real danger.
Source: the Standard Response Protocol's actions, https://iloveuguys.org; Clery Act, 34 CFR 668.46(e) and (g).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cache
from pathlib import Path
from typing import Any, Literal

import yaml

from exports.cap import ipaws, wea
from exports.cap.model import Area, Category, Certainty, Info, Named, ResponseType, Severity, Status, Urgency
from gateway.core.errors import NotFound

FILE = Path(__file__).with_name("scenarios.yaml")
LANGUAGES = ("en-US", "es-US")
DRILL = "DMO"
"""The event code of everything that is no real danger: practice/demo warning."""
ORIGINATOR = "CIV"
"""Who stands behind an alert of a school, in the Emergency Alert System's terms: civil authorities."""

Kind = Literal["school", "college"]
_TEST = {
    "en-US": ("TEST", "This is a test. There is no danger."),
    "es-US": ("PRUEBA", "Esto es una prueba. No hay peligro."),
}
_MARKS: Mapping[Status, Mapping[str, tuple[str, str]]] = {
    Status.EXERCISE: {
        "en-US": ("DRILL", "This is a drill. There is no danger."),
        "es-US": ("SIMULACRO", "Esto es un simulacro. No hay peligro."),
    },
    Status.SYSTEM: _TEST,
    Status.TEST: _TEST,
}


@dataclass(frozen=True, slots=True)
class Texts:
    """What a scenario says in one language; `short` and `long` are those for phones. `{school}`, `{place}` are open."""

    event: str
    headline: str
    description: str
    instruction: str
    short: str
    long: str


@dataclass(frozen=True, slots=True)
class Scenario:
    """One template. `code` is stable; `same` an event code of `ipaws.EVENTS`; `minutes` how long an alert holds."""

    code: str
    kinds: tuple[Kind, ...]
    categories: tuple[Category, ...]
    response_types: tuple[ResponseType, ...]
    urgency: Urgency
    severity: Severity
    certainty: Certainty
    same: str
    minutes: int
    texts: Mapping[str, Texts]


@dataclass(frozen=True, slots=True)
class Facts:
    """What is filled in. `place` is the school when it is empty; `contact` and `web` are the sender's own, or absent.

    `details` are sentences by language that go behind the description, as staff write them.
    """

    school: str
    sender_name: str
    place: str = ""
    contact: str | None = None
    web: str | None = None
    details: Mapping[str, str] | None = None


def marks() -> tuple[str, ...]:
    """Give the words by which a text says that it is no danger, as `DRILL`, in every language."""
    return tuple(dict.fromkeys(mark for said in _MARKS.values() for mark, _ in said.values()))


def every(kind: Kind | None = None) -> tuple[Scenario, ...]:
    """Give all scenarios, or those of schools or colleges, in the order of the file."""
    return tuple(one for one in _scenarios().values() if kind is None or kind in one.kinds)


def find(code: str) -> Scenario:
    """Find a scenario by its code.

    Raises: NotFound.
    """
    found = _scenarios().get(code)
    if found is None:
        raise NotFound
    return found


def infos(
    code: str,
    facts: Facts,
    *,
    status: Status,
    sent: datetime,
    areas: tuple[Area, ...],
    languages: Iterable[str] = LANGUAGES,
    minutes: int | None = None,
) -> tuple[Info, ...]:
    """Fill a scenario: one info a language. `minutes` overrules how long the alert holds from `sent`.

    Raises: NotFound for a code or a language that is not there.
    """
    scenario = find(code)
    expires = sent + timedelta(minutes=minutes or scenario.minutes)
    return tuple(_info(scenario, language, facts, status, expires, areas) for language in languages)


def _info(
    scenario: Scenario, language: str, facts: Facts, status: Status, expires: datetime, areas: tuple[Area, ...]
) -> Info:
    texts = scenario.texts.get(language)
    if texts is None:
        raise NotFound
    mark, sentence = _MARKS.get(status, {}).get(language, ("", ""))
    said = {"school": facts.school, "place": facts.place or facts.school}
    description = [sentence, texts.description.format(**said), (facts.details or {}).get(language, "")]
    phones = [_fit(_marked(mark, text), facts.school, limit) for text, limit in
              ((texts.short, wea.LIMITS[wea.SHORT]), (texts.long, wea.LIMITS[wea.LONG]))]  # fmt: skip
    return Info(
        language=language,
        categories=scenario.categories,
        event=_marked(mark, texts.event),
        response_types=scenario.response_types,
        urgency=scenario.urgency,
        severity=scenario.severity,
        certainty=scenario.certainty,
        event_codes=(Named(ipaws.SAME, DRILL if mark else scenario.same),),
        expires=expires,
        sender_name=facts.sender_name,
        headline=_marked(mark, texts.headline).format(**said),
        description=" ".join(filter(None, description)),
        instruction=" ".join(filter(None, [sentence, texts.instruction.format(**said)])),
        web=facts.web,
        contact=facts.contact,
        parameters=(Named(ipaws.ORIGINATOR, ORIGINATOR), *wea.parameters(*phones)),
        areas=areas,
    )


def _marked(mark: str, text: str) -> str:
    return f"{mark}: {text}" if mark else text


def _fit(template: str, school: str, limit: int) -> str:
    """Fill a text for phones, the school's name cut at a word, or within one, until the whole fits."""
    name = " ".join(wea.plain(school).split())
    room = limit - wea.length(template.format(school=""))
    while name and wea.length(name) > room:
        head, blank, _ = name.rpartition(" ")
        name = head if blank else name[:-1]
    return template.format(school=name)


@cache
def _scenarios() -> Mapping[str, Scenario]:
    read: Mapping[str, Mapping[str, Any]] = yaml.safe_load(FILE.read_text("utf-8"))
    return {code: _scenario(code, known) for code, known in read.items()}


def _scenario(code: str, known: Mapping[str, Any]) -> Scenario:
    return Scenario(
        code=code,
        kinds=tuple(known["for"]),
        categories=tuple(map(Category, known["categories"])),
        response_types=tuple(map(ResponseType, known["responses"])),
        urgency=Urgency(known["urgency"]),
        severity=Severity(known["severity"]),
        certainty=Certainty(known["certainty"]),
        same=known["same"],
        minutes=known["minutes"],
        texts={language: Texts(**known[language]) for language in LANGUAGES},
    )
