"""Paging: all that other rooms may ask of it. The modules beside this one are the only writers of its tables."""

from __future__ import annotations

from responders.paging.answers import Answered, answer, codes_in
from responders.paging.callouts import acknowledge, call_out, carry, policy_of
from responders.paging.rounds import due, run_due

__all__ = [
    "Answered",
    "acknowledge",
    "answer",
    "call_out",
    "carry",
    "codes_in",
    "due",
    "policy_of",
    "run_due",
]
