"""The carrier's own words, which it answers itself: STOP, START, HELP and what stands for them."""

from __future__ import annotations

from collections.abc import Mapping

_KEYWORDS: Mapping[str, str] = {
    **dict.fromkeys(("stop", "unsubscribe", "end", "quit", "stopall", "revoke", "optout", "cancel"), "stop"),
    **dict.fromkeys(("start", "unstop"), "start"),
    "yes": "yes",  # START for a carrier that was told STOP before; an ordinary word otherwise
    **dict.fromkeys(("help", "info"), "help"),
}
"""Carrier keywords, when they are the whole text.
Source: https://help.twilio.com/articles/223134027-Twilio-support-for-opt-out-keywords-SMS-STOP-filtering"""


def keyword_of(text: str, opt_out_type: str = "") -> str | None:
    """Tell which keyword (`stop`, `start`, `yes`, `help`) a whole text is; what the carrier took it for goes first."""
    return _KEYWORDS.get(opt_out_type.lower()) or _KEYWORDS.get(text.strip().lower())
