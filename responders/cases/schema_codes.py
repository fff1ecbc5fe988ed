"""GraphQL enums of cases: the codes that the records hold, each with the words a client's tools show."""

from __future__ import annotations

from enum import StrEnum

import strawberry

from triage.model import Category, Severity

strawberry.enum(Severity, description="How soon a human must act.")
strawberry.enum(Category, description="What a tip is about.")


@strawberry.enum(description="Where a case stands. Reopened by a person it is IN_PROGRESS, by a reporter's text NEW.")
class CaseState(StrEnum):
    """The states of `service.STATES`."""

    NEW = "new"
    ACKNOWLEDGED = "acknowledged"
    IN_PROGRESS = "in_progress"
    RESOLVED = "resolved"
    CLOSED = "closed"


@strawberry.enum(description="Whether a message came in or went out.")
class Direction(StrEnum):
    """The directions of a message."""

    IN = "in"
    OUT = "out"


@strawberry.enum(
    description="What a message is. KEYWORD is a carrier's word such as STOP; RECEIPT our first answer; QUESTION what "
    "the line asked back by itself."
)
class MessageKind(StrEnum):
    """The kinds of a message."""

    TIP = "tip"
    KEYWORD = "keyword"
    PAGE_ANSWER = "page_answer"
    RECEIPT = "receipt"
    QUESTION = "question"
    REPLY = "reply"


@strawberry.enum(description="How a text fared on its way. It only moves forward.")
class DeliveryStatus(StrEnum):
    """The states of a text on its way."""

    QUEUED = "queued"
    SENT = "sent"
    DELIVERED = "delivered"
    UNDELIVERED = "undelivered"
    FAILED = "failed"


@strawberry.enum(description="Why a case is corrected.")
class CorrectionReason(StrEnum):
    """What `correcting.correct` takes."""

    JOKE = "joke"
    KNOWN_ALREADY = "known_already"
    NOT_SO = "not_so"
    WORDS_MISREAD = "words_misread"
    SIGN_MISSED = "sign_missed"
    MORE_KNOWN = "more_known"
    OTHER = "other"


@strawberry.enum(description="Where a case can be moved to.")
class CaseMove(StrEnum):
    """What `service.change_state` takes."""

    ACKNOWLEDGED = "acknowledged"
    IN_PROGRESS = "in_progress"
    RESOLVED = "resolved"
    CLOSED = "closed"
    REOPENED = "reopened"


@strawberry.enum(description="Why a case is kept beyond its deadline.")
class HoldReason(StrEnum):
    """The codes of `holds.REASONS`."""

    LITIGATION = "litigation"
    INVESTIGATION = "investigation"
    RECORDS_REQUEST = "records_request"
    AUDIT = "audit"
    OTHER = "other"


@strawberry.enum(description="What a reporter told of themselves.")
class MaskKind(StrEnum):
    """The kinds of `guard.KINDS`."""

    NAME = "name"
    NUMBER = "number"
    EMAIL = "email"
    HANDLE = "handle"


@strawberry.enum(description="Why staff may read what a reporter told of themselves.")
class UnmaskReason(StrEnum):
    """The codes of `masks.REASONS`."""

    DANGER = "danger"
    CONTACT = "contact"
    NOT_REPORTER = "not_reporter"
    DUTY = "duty"
    OTHER = "other"


@strawberry.enum(description="Why a case is moved.")
class Why(StrEnum):
    """The codes of `service.WHY`."""

    HANDLED = "handled"
    REFERRED = "referred"
    UNFOUNDED = "unfounded"
    DUPLICATE = "duplicate"
    TEST = "test"
    PRANK = "prank"
    STARTED = "started"
    MORE_INFORMATION = "more_information"
    NEW_MESSAGE = "new_message"
    MISTAKE = "mistake"
