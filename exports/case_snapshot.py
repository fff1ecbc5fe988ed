"""What may leave of a case: frozen values without a field that could hold a reporter's address, receipt or token.

They are made of the types of `exports.words` alone: codes, ids, coarse times and sizes, and words that have passed the
guard.
"""

from __future__ import annotations

from dataclasses import dataclass

from exports.words import Code, Id, Moment, Number, Size, Slug, Url, Version, Words


@dataclass(frozen=True, slots=True)
class OrganizationSnapshot:
    """A district, or one of its schools: what it is called, and its short name."""

    slug: Slug
    name: Words


@dataclass(frozen=True, slots=True)
class ResponderSnapshot:
    """Somebody on staff who had a part in a case. `role`: `counsellor`, `administrator`, `officer` or `operator`."""

    name: Words
    role: Code


@dataclass(frozen=True, slots=True)
class SignSnapshot:
    """What the engine saw in the words: a code, and the same in plain words. `calming` when it lowered the severity."""

    code: Code
    label: Words
    calming: bool


@dataclass(frozen=True, slots=True)
class AssessmentSnapshot:
    """What the engine said of one tip. Severity and categories are codes, the main category first."""

    severity: Code
    severity_label: Words
    life_safety: bool
    unsure_reason: Code | None
    unsure_label: Words | None
    categories: tuple[Code, ...]
    category_label: Words
    signs: tuple[SignSnapshot, ...]
    missing: tuple[Code, ...]
    """What is still to be asked: `where`, `who`, `means`, …"""
    rules: Version
    at: Moment


@dataclass(frozen=True, slots=True)
class AttachmentSnapshot:
    """That a file came, never the file: its state, what kind it is, how large. `media_type` is None when unknown."""

    state: Code
    media_type: Code | None
    kilobytes: Size


@dataclass(frozen=True, slots=True)
class TipSnapshot:
    """One message of a reporter, under the pseudonym that staff know; nothing else is known of who wrote it.

    Or what another system told, then under that system's name: it has no pseudonym. `words` is None when they cannot be
    opened any more. `channel` is a code, such as `sms` or `web`.
    """

    id: Id
    pseudonym: Words | None
    system: Words | None
    channel: Code
    language: Code
    topic: Code | None
    """What the reporter chose that it is about, on the web."""
    at: Moment
    words: Words | None
    attachments: tuple[AttachmentSnapshot, ...]
    assessments: tuple[AssessmentSnapshot, ...]


@dataclass(frozen=True, slots=True)
class ActSnapshot:
    """Something that happened in a case. `kind` is the event's type without our prefix, such as `case.acknowledged`.

    `responder` is who did it; None when it was the house itself or a reporter. `words` are what was written: a reply, a
    note. `to` is the pseudonym of the conversation that it is about, `system` the other system that it came from.
    """

    kind: Code
    label: Words
    at: Moment
    responder: ResponderSnapshot | None
    to: Words | None = None
    system: Words | None = None
    words: Words | None = None


@dataclass(frozen=True, slots=True)
class CaseSnapshot:
    """A case as it may leave, as of `taken_at`.

    `url` is its page in the console, for staff alone. Lists are in the order in which things happened; coarse times
    may seem to stand out of it.
    """

    id: Id
    number: Number
    url: Url
    taken_at: Moment
    district: OrganizationSnapshot
    school: OrganizationSnapshot | None
    state: Code
    state_label: Words
    resolution: Code | None
    """Why it was resolved or closed, as a code."""
    resolution_label: Words | None
    severity: Code
    severity_label: Words
    life_safety: bool
    unsure: bool
    categories: tuple[Code, ...]
    category_label: Words
    opened_at: Moment
    updated_at: Moment
    acknowledged_at: Moment | None
    acknowledged_by: ResponderSnapshot | None
    assignee: ResponderSnapshot | None
    responders: tuple[ResponderSnapshot, ...]
    tips: tuple[TipSnapshot, ...]
    acts: tuple[ActSnapshot, ...]

    @property
    def officers(self) -> tuple[ResponderSnapshot, ...]:
        """Those on staff who are officers of the law."""
        return tuple(one for one in self.responders if one.role == "officer")
