"""What a person fills in to warn others, and how it becomes a CAP alert. All of it is text as typed, until it is built.

Nothing is taken from what a reporter wrote: a draft begins with a template, the school, and codes of the assessment.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any

from exports import cap
from gateway.core.errors import BadInput
from gateway.core.keys import KeySet
from gateway.core.records import District
from responders.escalation.records import Alert, EscalationRules

ENGLISH, SPANISH = "en-US", "es-US"
LANGUAGES = (ENGLISH, SPANISH)
LENGTHS = {"event": 60, "headline": 160, "description": 2000, "instruction": 2000, "short": 90, "long": 360}
"""How long each text may be, in characters."""
LONGEST_MINUTES = 7 * 24 * 60
_LINE = 4000


@dataclass(frozen=True)
class Texts:
    """What is told in one language. `short` and `long` are what phones show (WEA); both may be left out."""

    event: str = ""
    headline: str = ""
    description: str = ""
    instruction: str = ""
    short: str = ""
    long: str = ""

    @property
    def is_blank(self) -> bool:
        """Whether nothing is told in this language."""
        return not (self.headline or self.description or self.instruction)


@dataclass(frozen=True)
class Draft:
    """An alert as it is being written. Codes are CAP's own words; shapes and geocodes stand one a line."""

    scenario: str
    status: str
    category: str
    response: str
    urgency: str
    severity: str
    certainty: str
    area: str
    lasts_minutes: int
    scope: str = "Public"
    restriction: str = ""
    addresses: str = ""
    note: str = ""
    event_code: str = ""
    """The SAME code, e.g. `LEW`; none when empty."""
    polygons: str = ""
    circles: str = ""
    geocodes: str = ""
    """`SAME=008059` and the like."""
    contact: str = ""
    web: str = ""
    starts_at: datetime | None = None
    texts: Mapping[str, Texts] = field(default_factory=dict)
    """By language: English, and Spanish unless it is left blank."""

    def told(self, language: str) -> Texts:
        """Give the texts of a language."""
        return self.texts.get(language, Texts())

    def checked(self, now: datetime) -> Draft:
        """Refuse what no alert could be made of, naming the element. Raises: BadInput."""
        if not 1 <= self.lasts_minutes <= LONGEST_MINUTES:
            raise BadInput("expires: an alert lasts from one minute to seven days.")
        if self.starts_at is not None and self.starts_at - now > timedelta(days=366):
            raise BadInput("sent: an alert is scheduled for a year ahead at most.")
        if set(self.texts) - set(LANGUAGES):
            raise BadInput(f"language: is one of {', '.join(LANGUAGES)}.")
        for language in LANGUAGES:
            for name, longest in LENGTHS.items():
                if len(getattr(self.told(language), name)) > longest:
                    raise BadInput(f"{name} ({language}): has at most {longest} characters.")
        lines = (self.area, self.polygons, self.circles, self.geocodes, self.addresses, self.note, self.restriction)
        if any(len(line) > _LINE for line in (*lines, self.contact, self.web)):
            raise BadInput(f"area, addresses, note, contact, web: have at most {_LINE} characters.")
        return replace(self, starts_at=None) if self.starts_at is not None and self.starts_at <= now else self


def seal(keys: KeySet, district: District, row: Alert, draft: Draft, now: datetime) -> None:
    """Put a draft into its row: its words sealed, what is only codes and times beside them."""
    row.status, row.scope, row.scenario = draft.status, draft.scope, draft.scenario
    row.lasts_minutes, row.starts_at = draft.lasts_minutes, draft.starts_at
    words = json.dumps({**asdict(draft), "starts_at": None}, ensure_ascii=False)
    row.draft_sealed = keys.seal_words(district.slug, now, words, row.bound("draft"))


def opened(keys: KeySet, row: Alert) -> Draft | None:
    """Open a row's draft; nothing when it has none (any more). Raises: KeyRefused."""
    if row.draft_sealed is None:
        return None
    held: dict[str, Any] = json.loads(keys.open(row.draft_sealed, row.bound("draft")))
    texts = {language: Texts(**one) for language, one in held.pop("texts").items()}
    return Draft(**{**held, "texts": texts, "starts_at": row.starts_at})


def sender_of(rules: EscalationRules, district: District) -> str:
    """Name who sends, as CAP has it."""
    return rules.sender or f"tipline-{district.slug}"


def build(
    draft: Draft,
    row: Alert,
    district: District,
    rules: EscalationRules,
    sent: datetime,
    references: Sequence[cap.Reference] = (),
) -> cap.Alert:
    """Make the CAP alert of a draft. `sent` has whole seconds and the district's offset.

    What follows others is from the sender of those, whatever the district calls itself by now.

    Raises: Unreadable, naming the element, for a shape or a code that is none.
    """
    return cap.Alert(
        identifier=row.identifier,
        sender=references[0].sender if references else sender_of(rules, district),
        sent=sent,
        status=_code(cap.Status, draft.status, "status"),
        msg_type=cap.MsgType(row.msg_type),
        scope=_code(cap.Scope, draft.scope, "scope"),
        restriction=draft.restriction or None,
        addresses=tuple(draft.addresses.split()),
        codes=(cap.IPAWS,) if rules.ipaws else (),
        note=draft.note or None,
        references=tuple(references),
        incidents=(f"TIPLINE-{row.incident}",),
        infos=tuple(_info(draft, language, district, sent) for language in _languages(draft)),
    )


def _languages(draft: Draft) -> list[str]:
    return [ENGLISH, *([] if draft.told(SPANISH).is_blank else [SPANISH])]


def _info(draft: Draft, language: str, district: District, sent: datetime) -> cap.Info:
    told = draft.told(language)
    pairs = (
        (cap.ipaws.ORIGINATOR, cap.scenarios.ORIGINATOR), (cap.wea.SHORT, told.short), (cap.wea.LONG, told.long),
    )  # fmt: skip
    return cap.Info(
        language=language,
        categories=(_code(cap.Category, draft.category, "category"),),
        event=told.event or draft.told(ENGLISH).event,
        response_types=(_code(cap.ResponseType, draft.response, "responseType"),),
        urgency=_code(cap.Urgency, draft.urgency, "urgency"),
        severity=_code(cap.Severity, draft.severity, "severity"),
        certainty=_code(cap.Certainty, draft.certainty, "certainty"),
        event_codes=(cap.Named("SAME", draft.event_code),) if draft.event_code else (),
        expires=sent + timedelta(minutes=draft.lasts_minutes),
        sender_name=district.name,
        headline=told.headline or None,
        description=told.description or None,
        instruction=told.instruction or None,
        web=draft.web or None,
        contact=draft.contact or None,
        parameters=tuple(cap.Named(name, value) for name, value in pairs if value),
        areas=(_area(draft),),
    )


def _area(draft: Draft) -> cap.Area:
    return cap.Area(
        area_desc=draft.area,
        polygons=tuple(cap.polygon(line) for line in _lines(draft.polygons)),
        circles=tuple(cap.circle(line) for line in _lines(draft.circles)),
        geocodes=tuple(_geocode(line) for line in _lines(draft.geocodes)),
    )


def _geocode(line: str) -> cap.Named:
    name, equals, value = line.partition("=")
    if not equals:
        raise cap.Unreadable("geocode", "geocode_malformed", "is not NAME=VALUE, as SAME=008059")
    return cap.Named(name.strip(), value.strip())


def _lines(text: str) -> list[str]:
    return [line.strip() for line in text.splitlines() if line.strip()]


def _code(kind: Any, value: str, element: str) -> Any:
    try:
        return kind(value)
    except ValueError:
        raise cap.Unreadable(element, "code_unknown", f"is not one of {', '.join(kind)}") from None
