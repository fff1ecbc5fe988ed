"""Cases: all that other rooms may ask of them. The modules beside this one are the only writers of its tables."""

from __future__ import annotations

from responders.cases.correcting import correct
from responders.cases.joining import Linked, late, link
from responders.cases.moves import (
    ATTENDED_STATES,
    CLOSED,
    MOVES,
    NEW,
    NOTE_LENGTH,
    OPEN_STATES,
    QUIET,
    REOPENED,
    RESOLVED,
    STATES,
    WHY,
    acknowledge,
    acknowledge_again,
    add_note,
    assign,
    change_state,
    is_quiet,
    last_act,
)
from responders.cases.reading import (
    OpenedAssessment,
    OpenedNote,
    assessments,
    by_id,
    by_number,
    joined_into,
    messages,
    messages_of,
    notes,
    threads,
)
from responders.cases.taking import (
    Taken,
    case_of_message,
    case_of_thread,
    doubt,
    doubted,
    judge_again,
    severities,
    take_messages,
)

__all__ = [
    "ATTENDED_STATES", "CLOSED", "MOVES", "NEW", "NOTE_LENGTH", "OPEN_STATES", "QUIET", "REOPENED", "RESOLVED",
    "STATES", "WHY", "Linked", "OpenedAssessment", "OpenedNote", "Taken", "acknowledge", "acknowledge_again",
    "add_note", "assessments", "assign", "by_id", "by_number", "case_of_message", "case_of_thread", "change_state",
    "correct", "doubt", "doubted", "is_quiet", "joined_into", "judge_again", "last_act", "late", "link", "messages",
    "messages_of", "notes", "severities", "take_messages", "threads",
]  # fmt: skip
