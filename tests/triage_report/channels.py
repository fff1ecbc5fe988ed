"""The same tips as other channels bring them than by text: a report on the web with its fields filled, a chat."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from random import Random

from gateway.core import reports
from gateway.core.reports import Report
from tests.triage_report.corpus import Tip
from tests.triage_report.judging import Judged, judge_told

_LONG = 10
"""Words from which on a tip can be told in two messages."""
_PLACES = {
    "en": ("cafeteria", "room 214", "parking lot", "bus 7", "", "the gym", "i dont know", "online"),
    "es": ("la cafetería", "salón 214", "el estacionamiento", "camión 7", "", "el gimnasio", "no sé", "en línea"),
}
_TIMES = {
    "en": ("today", "yesterday", "3rd period", "", "not sure", "this week"),
    "es": ("hoy", "ayer", "tercera hora", "", "no estoy segura", "esta semana"),
}


def reported(tip: Tip) -> Judged:
    """Judge its first message as a report whose fields say where and when, nothing that adds to the danger."""
    language = "en" if tip.lang == "en" else "es"
    dice = Random(tip.id)
    first, *more = tip.messages
    where, when = dice.choice(_PLACES[language]), dice.choice(_TIMES[language])
    words = Report(None, "d", first, "once", where=where, when=when, role="student", language=language).words()
    happened, said = reports.spoken(words)
    whole = judge_told(tip, [said, *more], freely=reports.freely(happened, said))
    return _graver(whole, judge_told(tip, [happened, *more])) if happened not in {"", said} else whole


def chatted(tip: Tip) -> Judged:
    """Judge it told in two messages, where it is long enough to be cut in its middle."""
    return judge_told(tip, halves(tip) or tip.messages)


def halves(tip: Tip) -> list[str] | None:
    """Cut a longer tip of one message in its middle; None where it is short, or a thread already."""
    words = tip.text.split()
    if len(tip.messages) > 1 or len(words) < _LONG:
        return None
    return [" ".join(words[: len(words) // 2]), " ".join(words[len(words) // 2 :])]


def _graver(whole: Judged, part: Judged) -> Judged:
    """Do as `responders.judging` does with a report and with what happened alone: whoever either calls is called."""
    return replace(max(whole, part, key=lambda one: one.severity), pages=whole.pages or part.pages)


CHANNELS: Mapping[str, Callable[[Tip], Judged]] = {
    "report on the web": reported,
    "chat, in two messages": chatted,
}
