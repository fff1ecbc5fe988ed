"""What a district's own words add to a judgement. They raise; muted ones make moderate low; a page is never taken back.

A text is judged by the general rules first, as if there were no pack. Then it is judged once more with local words put
in plain terms, and of both verdicts the graver counts. Muting comes last, and touches no verdict that calls a person.
"""

from __future__ import annotations

from dataclasses import replace

from triage import evidence, lexicon, local, rules, statistics
from triage.evidence import Verdict
from triage.local import Found, Pack
from triage.model import LONGEST_AGAIN, Context, Indicator, Severity
from triage.normalize import words
from triage.qualifiers import Hit
from triage.rules import Finding

MUTED = "muted_phrase"


def heed(text: str, context: Context, finding: Finding, verdict: Verdict) -> tuple[Finding, Verdict]:
    """Return what is found, and what it comes to, once the district's pack is heard too.

    Should hearing it fail, the general verdict stands and a person looks.
    """
    if context.pack is None:
        return finding, verdict
    try:
        return _heed(text, context, context.pack, finding, verdict)
    except Exception:  # noqa: BLE001 (a pack must never cost what the general rules saw)
        failed = not verdict.severity.life_safety and (verdict.reason is None or verdict.asks)
        return finding, replace(verdict, reason="engine_error", asks=False) if failed else verdict


def _heed(text: str, context: Context, pack: Pack, finding: Finding, verdict: Verdict) -> tuple[Finding, Verdict]:
    findings = [finding]
    read, found = local.translate(words(text[:LONGEST_AGAIN], pack.vocabulary), pack)
    before = [local.translate(words(said, pack.vocabulary), pack) for said in context.recent]
    if found or any(told for _, told in before):
        general = lexicon.load()
        spoken = rules.judge(general, general.matcher.match(read), [general.matcher.match(said) for said, _ in before])
        again = evidence.weigh(spoken, text, general, context)
        if not context.floor.life_safety:
            again = statistics.heed(again, spoken, freely=context.freely)
        verdict = _graver(verdict, again, found)
        findings.append(spoken)
    return findings[-1], _quiet(text, verdict, findings, pack)


def _graver(plain: Verdict, spoken: Verdict, found: tuple[Found, ...]) -> Verdict:
    """Return the graver of two verdicts about one text. Whoever would be called by either is called."""
    first, second = (spoken, plain) if spoken.severity > plain.severity else (plain, spoken)
    severity = first.severity
    unsure = [] if severity.life_safety else [one for one in (first, second) if one.reason is not None]
    calling = [one for one in unsure if not one.asks]
    signs = tuple(Indicator(sign, start, end) for sign, start, end in found)
    shown = dict.fromkeys(plain.indicators + spoken.indicators + signs)
    return replace(
        first,
        severity=severity,
        categories=tuple(dict.fromkeys(first.categories + (spoken.categories if spoken is not first else ()))),
        indicators=tuple(one for one in shown if not found or one.name != "everyday_words"),
        reason=next((one.reason for one in calling + unsure), None),
        asks=bool(unsure) and not calling,
    )


def _quiet(text: str, verdict: Verdict, findings: list[Finding], pack: Pack) -> Verdict:
    """Return the verdict made low where all that made it moderate are muted phrases, each in its category.

    A danger to life that the rules saw stays as it is, also where statistics made moderate of it.
    """
    if verdict.severity is not Severity.MODERATE or verdict.reason is not None or not pack.mutes:
        return verdict
    spans = local.muted(words(text[:LONGEST_AGAIN], pack.vocabulary), pack)
    grave = [(finding, hit) for finding in findings for hit in finding.hits if hit.severity >= Severity.MODERATE]
    carried = any(finding.carried[0] >= Severity.MODERATE for finding in findings)
    vital = any(hit.severity.life_safety for _, hit in grave)
    if not spans or not grave or carried or vital:  # what statistics alone have raised has no hit, and stays
        return verdict
    by_statistics = verdict.severity > max(finding.severity for finding in findings)
    if by_statistics or not all(_covered(finding, hit, spans) for finding, hit in grave):
        return verdict
    signs = tuple(Indicator(MUTED, start, end) for _, start, end in spans)
    return replace(verdict, severity=Severity.LOW, indicators=verdict.indicators + signs)


def _covered(finding: Finding, hit: Hit, spans: tuple[tuple[str, int, int], ...]) -> bool:
    """Return whether words of a hit stand in a phrase that is muted in the hit's category."""
    start, end = finding.matches.words[hit.start].start, finding.matches.words[hit.end - 1].end
    return any(category == hit.rule.category.value and first < end and start < last for category, first, last in spans)
