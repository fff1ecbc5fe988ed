"""Signs: what the rules saw in a message, as words for the statistical layer; also what they saw and made little of."""

from __future__ import annotations

from triage.evidence import CALM, Verdict, hint_spans
from triage.rules import Finding

_PEOPLE = ("told", "i_me", "fear", "other")


def of(finding: Finding, verdict: Verdict) -> frozenset[str]:
    """Name the families that were hit (`#gun`, `#gun-` where something lowered it), why, slots, weak and calm signs."""
    matches = finding.matches
    return frozenset(
        {f"#{hit.rule.family}{'-' if hit.why else ''}" for hit in finding.hits}
        | {f"~{hit.why}" for hit in finding.hits if hit.why}
        | {f"%{name}" for name in finding.slots.names()}
        | {f"!{name}" for name in CALM if matches.has(name)}
        | {f"@{name}" for name in _PEOPLE if matches.has(name)}
        | {name for name, spans in hint_spans(finding).items() if spans}
        | {f"={verdict.severity.value}", f"?{verdict.reason}"}
    )
