"""What a message comes to: severity, whether a human must look because we cannot tell, and the words that show it."""

import unicodedata
from dataclasses import dataclass

from triage.language import guess
from triage.lexicon import Lexicon
from triage.model import Category, Context, Indicator, Severity
from triage.patterns import Matches
from triage.qualifiers import PLAYFUL, Hit, calm_words
from triage.rules import Finding, rank_categories

_SHOWN_SLOTS = {
    "soon": "plan_time",
    "now": "danger_now",
    "school": "plan_place",
    "risky_place": "plan_place",
    "means": "access_to_means",
}
# Cues of calm and of nothing to act on: word class -> indicator, category.
CALM = {
    "carrier": ("carrier_keyword", Category.OTHER),
    "testing": ("test_message", Category.TEST),
    "mash": ("keyboard_mash", Category.TEST),
    "ad": ("advertising", Category.SPAM),
    "link": ("link", Category.SPAM),
    "drill": ("drill", Category.OTHER),
    "lesson": ("schoolwork", Category.OTHER),
    "sport": ("sport", Category.OTHER),
    "game": ("game", Category.OTHER),
    "fiction": ("fiction", Category.OTHER),
    "idiom": ("figure_of_speech", Category.OTHER),
    "parent_idiom": ("figure_of_speech", Category.OTHER),
    "laugh": ("laughter", Category.OTHER),
    "thanks": ("thanks", Category.OTHER),
}
# What a message to the line itself is: a try, or junk. It comes before what else its words may be about.
_LINE = frozenset({Category.TEST, Category.SPAM})
# Cues that only count in a message of hardly more words.
_ALONE = frozenset({"carrier", "thanks"})
_SHORT = 3
# What answers, and asks nothing of anybody, however few its words.
_REPLIES = ("laugh", "thanks", "carrier", "idiom", "hyperbole_trigger")
# So few words beside a picture say what it is, at most.
_CAPTION = 8
_FOREIGN_WORDS = 2
_HINTS = 2
_HINTS_QUEUED = 3
# Weak signs speak of one thing when at most so many sentences apart.
_NEAR = 2
_KNOWN_SHARE = 0.2


@dataclass(frozen=True, slots=True)
class Verdict:
    """The weighed result; `reason` is a code when the engine is unsure, `asks` that one question back may settle it."""

    severity: Severity
    categories: tuple[Category, ...]
    indicators: tuple[Indicator, ...]
    reason: str | None
    language: str
    asks: bool = False
    foreign: bool = False
    """Whether it is in a language that nothing here knows, so that nothing here can rule danger out."""


def weigh(finding: Finding, text: str, lexicon: Lexicon, context: Context) -> Verdict:
    """Return what the finding comes to.

    A message with nothing recognised in it is `unsure` when it is too short to judge, in no language we know, or holds
    a bare word of danger. Everyday text in a known language is severity none, its own words the evidence
    (`everyday_words` over the whole text).
    """
    matches = finding.matches
    language = guess(text)
    if language == "und":
        language = context.language_hint or language
    if not matches.words:
        return Verdict(Severity.NONE, (Category.OTHER,), (), "no_text", language)
    indicators = _shown(finding)
    severity = finding.severity
    categories = tuple(dict.fromkeys(finding.carried[1] + rank_categories(finding.hits)))
    foreign = _is_foreign(text, matches, lexicon) and not _is_to_line(matches)
    reason = _reason(finding, lexicon, context, foreign=foreign)
    if reason == "undecided":
        indicators += _merged(
            [(name, start, end) for name, spans in hint_spans(finding).items() for start, end in spans], matches
        )
    calm = _calm(matches)
    if severity is Severity.NONE and any(category in _LINE for _, category in calm):
        categories = ()
    if not categories:
        calm.sort(key=lambda item: item[1] not in _LINE)
        categories = (calm[0][1],) if calm else (Category.OTHER,)
        indicators += [indicator for indicator, _ in calm]
    if not indicators and reason is None:
        indicators = [_span("everyday_words", 0, len(matches.words), matches)]
    asks = reason == "too_short" and not _hint_of_harm(finding)
    return Verdict(severity, categories, tuple(indicators), reason, language, asks, foreign)


def _hint_of_harm(finding: Finding) -> bool:
    """Anything at all that may mean harm: then a person looks at once, also at one word."""
    return bool(finding.hits) or finding.matches.has("cry", "bare", "fear") or any(hint_spans(finding).values())


def _reason(finding: Finding, lexicon: Lexicon, context: Context, *, foreign: bool) -> str | None:
    """Return the code of why a human must look although the rules do not say so, or None."""
    matches = finding.matches
    if finding.severity.life_safety:
        return None
    if any(hit.rule.family == "bare" and hit.why is None for hit in finding.hits) and not _is_try(matches):
        return "undecided"
    if _hints_enough(finding):
        return "undecided"
    if any(_contradicted(hit, finding) for hit in finding.hits):
        return "contradictory"
    if foreign:
        return "unknown_language"
    if context.media_count and len(matches.words) <= _CAPTION and finding.severity < Severity.MODERATE:
        return "too_short"  # what matters is in the picture
    if finding.hits:
        return None
    return "too_short" if _is_plea(matches) or _says_little(matches, lexicon, context) else None


def _contradicted(hit: Hit, finding: Finding) -> bool:
    """Whether a grave hit was taken as play or a way of speaking, and its own sentences say that it is meant or feared.

    The means beside it contradict a joke, but not a play or a story, which are full of arms.
    """
    if not (hit.rule.severity.life_safety and hit.severity <= Severity.LOW and hit.why in PLAYFUL):
        return False
    sentence = finding.matches.words[hit.start].sentence
    meant = ("serious", "fear", "means") if hit.why == "hyperbole" else ("serious", "fear")
    return any(finding.matches.between(name, sentence, sentence) for name in meant if finding.slots.filled(name))


def _hints_enough(finding: Finding) -> bool:
    """Weak signs of different kinds about a person, and nothing that calms: we cannot rule danger out.

    What already has a place in the queue (moderate), or a cue of calm, asks for one sign more.
    """
    matches = finding.matches
    about = matches.has("told") or (matches.has("i_me") and matches.has("fear"))
    if not about or any(hit.why for hit in finding.hits):
        return False
    calmed = finding.severity >= Severity.LOW or bool(_calm(matches)) or matches.has("homely", "gamer", "trifle")
    return _together(hint_spans(finding), matches) >= (_HINTS_QUEUED if calmed else _HINTS)


def _together(hints: dict[str, list[tuple[int, int]]], matches: Matches) -> int:
    """Return how many kinds of weak signs stand near each other, each shown by words of its own.

    One word is one sign, however many kinds it is listed in; what is told sentences apart is two stories.
    """
    told: dict[int, list[tuple[int, int, str]]] = {}
    for name, spans in hints.items():
        for start, end in spans:
            told.setdefault(matches.words[start].sentence, []).append((end, start, name))
    most = 0
    for last in told:
        kinds: set[str] = set()
        free = 0
        for stop, start, kind in sorted(sign for at in range(last - _NEAR, last + 1) for sign in told.get(at, ())):
            if start >= free and kind not in kinds:
                kinds.add(kind)
                free = stop
        most = max(most, len(kinds))
    return most


def hint_spans(finding: Finding) -> dict[str, list[tuple[int, int]]]:
    """Return where the weak signs of each kind stand, those inside figures of speech left out."""
    calm = calm_words(finding.matches)
    return {
        name: [span for span in finding.matches.spans(name) if calm.isdisjoint(range(*span))]
        for name in finding.matches.ends
        if name.startswith("hint_")
    }


def _is_plea(matches: Matches) -> bool:
    """A call for a person without saying why, or a bare greeting: the writer waits for someone to be there."""
    count = len(matches.words)
    if count <= _SHORT and matches.has("greeting") and not matches.has("other"):
        return True
    return matches.has("plea") and count <= 8 and any(end - start >= count - 2 for start, end in matches.spans("plea"))


def _says_little(matches: Matches, lexicon: Lexicon, context: Context) -> bool:
    """Whether it is a few words that may mean anything ("bathroom now"), and neither an everyday reply nor an answer.

    In a thread a few words answer what was asked, unless none of them is known.
    """
    plain = _plain(matches)
    if len(plain) > _SHORT or matches.has(*_REPLIES) or _is_to_line(matches):
        return False
    if not _known(plain, lexicon):
        return True
    everyday = all(word.text in _everyday(lexicon) for word in matches.words) and not matches.has("other")
    return len(matches.words) <= _SHORT and not everyday and not context.earlier


def _is_foreign(text: str, matches: Matches, lexicon: Lexicon) -> bool:
    """Whether it is in no language we know, whatever words of ours stand in it: in such a text a rule saw a scrap."""
    letters = [character for character in text if character.isalpha()]
    latin = sum("LATIN" in unicodedata.name(character, "") for character in letters[:400])
    if letters and latin * 2 < len(letters[:400]):
        return True
    plain = _plain(matches)
    foreign = sum(word in lexicon.foreign and word not in _everyday(lexicon) for word in plain)
    if foreign >= _FOREIGN_WORDS and foreign * 3 >= len(plain):
        return True
    return len(plain) > _SHORT and _known(plain, lexicon) < len(plain) * _KNOWN_SHARE


def _known(plain: list[str], lexicon: Lexicon) -> int:
    everyday = _everyday(lexicon)
    return sum(word in everyday or word in lexicon.vocabulary.known for word in plain)


def _everyday(lexicon: Lexicon) -> frozenset[str]:
    return lexicon.everyday["en"] | lexicon.everyday["es"]


def _plain(matches: Matches) -> list[str]:
    return [word.text for word in matches.words[:400] if word.text.isalpha()]


def _shown(finding: Finding) -> list[Indicator]:
    """Return the spans of all hits and, when something is serious, of the time, place and means beside them."""
    matches = finding.matches
    shown = _merged([(hit.rule.indicator, hit.start, hit.end) for hit in finding.hits], matches)
    if finding.severity.rank >= Severity.MODERATE.rank:
        for slot, name in _SHOWN_SLOTS.items():
            shown += [_span(name, start, end, matches) for start, end in finding.slots.found.get(slot, ())]
    return shown + _merged([(hit.why, hit.start, hit.end) for hit in finding.hits if hit.why], matches)


def _merged(named: list[tuple[str, int, int]], matches: Matches) -> list[Indicator]:
    """Return one indicator for each stretch of overlapping matches of the same name."""
    stretches: list[tuple[str, int, int]] = []
    for name, start, end in sorted(named):
        if stretches and stretches[-1][0] == name and start < stretches[-1][2]:
            stretches[-1] = (name, stretches[-1][1], max(end, stretches[-1][2]))
        else:
            stretches.append((name, start, end))
    return [_span(name, start, end, matches) for name, start, end in stretches]


def _calm(matches: Matches) -> list[tuple[Indicator, Category]]:
    to_line = _is_to_line(matches)
    return [
        (_span(name, start, end, matches), category)
        for word_class, (name, category) in CALM.items()
        if (to_line if category in _LINE else word_class not in _ALONE or len(matches.words) <= _SHORT)
        for start, end in matches.spans(word_class)
    ]


def _is_to_line(matches: Matches) -> bool:
    """Whether a try or junk makes up half the message or more: a tip may hold a link, a gift card or a test too."""
    said = frozenset[int]().union(*(matches.positions(name) for name, (_, about) in CALM.items() if about in _LINE))
    return len(said) * 2 >= len(matches.words)


def _is_try(matches: Matches) -> bool:
    return any(category is Category.TEST for _, category in _calm(matches))


def _span(name: str, start: int, end: int, matches: Matches) -> Indicator:
    return Indicator(name, matches.words[start].start, matches.words[end - 1].end)
