"""Paging: all that other rooms may ask of it. The modules beside this one are the only writers of its tables."""

from __future__ import annotations

from responders.paging.answers import Answered, answer, confirm, hint
from responders.paging.callouts import (
    acknowledge,
    call_out,
    carry,
    clock_of,
    correct,
    leave,
    note_uncalled,
    policy_of,
    uncalled,
)
from responders.paging.codes import is_only_code, words_beyond
from responders.paging.delivery import Delivery
from responders.paging.leaving import left_alone, recall
from responders.paging.news import tell, to_tell
from responders.paging.rounds import due, run_due

__all__ = [
    "Answered",
    "Delivery",
    "acknowledge",
    "answer",
    "call_out",
    "carry",
    "clock_of",
    "confirm",
    "correct",
    "due",
    "hint",
    "is_only_code",
    "leave",
    "left_alone",
    "note_uncalled",
    "policy_of",
    "recall",
    "run_due",
    "tell",
    "to_tell",
    "uncalled",
    "words_beyond",
]
