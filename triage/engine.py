"""The engine: one message in, one assessment out, and never an exception."""

from triage import district, evidence, lexicon, rules, statistics
from triage.evidence import Verdict
from triage.model import Assessment, Category, Context, Indicator
from triage.normalize import words
from triage.patterns import Matches
from triage.slots import gaps

_ASK_WHAT = "what"
_NO_CONTEXT = Context()


def prepare() -> None:
    """Load rules and weights now, which takes a second or two, and not when the first tip is urgent."""
    lexicon.load()
    statistics.load()


def assess(text: str, context: Context = _NO_CONTEXT) -> Assessment:
    """Return the judgement about one message; any failure inside gives `unsure`, so that a human looks.

    Deterministic and pure. `text` may be any Unicode, lone surrogates and NUL included. The caller enforces a time-out
    and then uses `undecided("timeout", context)`. Severity is never below `context.floor`.
    """
    try:
        return _assess(text, context)
    except Exception:  # noqa: BLE001 (whatever went wrong, a human must see the tip)
        return undecided("engine_error", context)


def undecided(reason: str, context: Context = _NO_CONTEXT) -> Assessment:
    """Return the judgement that there is none: unsure for `reason`, at the severity the thread already has."""
    return Assessment(
        severity=context.floor,
        life_safety=context.floor.life_safety,
        unsure=True,
        unsure_reason=reason,
        categories=(Category.OTHER,),
        indicators=(),
        missing=("where", "when", "who"),
        language=context.language_hint or "und",
        rules=version(context),
    )


def version(context: Context) -> str:
    """Name the rules that judge in this context: the general version, and that of the district's pack (≤ 40)."""
    return f"{lexicon.VERSION}+{context.pack.name}" if context.pack else lexicon.VERSION


def _assess(text: str, context: Context) -> Assessment:
    if not text.strip():
        return undecided("no_text", context)
    finding, verdict = weigh(text, context)
    if not context.floor.life_safety:
        verdict = statistics.heed(verdict, finding, text, context.freely)
    finding, verdict = district.heed(text, context, finding, verdict)
    severity = max(verdict.severity, context.floor, key=lambda item: item.rank)
    return Assessment(
        severity=severity,
        life_safety=severity.life_safety,
        unsure=verdict.reason is not None,
        unsure_reason=verdict.reason,
        categories=verdict.categories,
        indicators=_indicators(verdict, text),
        missing=gaps(finding.slots, finding.families, severity.life_safety),
        language=verdict.language,
        rules=version(context),
        asks=_ASK_WHAT if verdict.asks and not context.floor.life_safety and not context.media_count else None,
    )


def weigh(text: str, context: Context = _NO_CONTEXT) -> tuple[rules.Finding, Verdict]:
    """Return what the rules alone see in a message, and what that comes to."""
    pack = lexicon.load()
    finding = rules.judge(pack, _match(pack, text), [_match(pack, said) for said in context.recent])
    return finding, evidence.weigh(finding, text, pack, context)


def _match(pack: lexicon.Lexicon, text: str) -> Matches:
    return pack.matcher.match(words(text, pack.vocabulary))


def _indicators(verdict: Verdict, text: str) -> tuple[Indicator, ...]:
    inside = {item for item in verdict.indicators if 0 <= item.start < item.end <= len(text)}
    return tuple(sorted(inside, key=lambda item: (item.start, item.end, item.name)))
