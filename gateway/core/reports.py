"""Reports: what the page on the web takes, and how its parts become the words that people read and the engine too."""

from __future__ import annotations

import re
from dataclasses import dataclass, field

from gateway.core.errors import BadInput, Empty, TooLong
from triage import first_look, language, topics

LONGEST_WORDS, LONGEST_PART = 20_000, 1_000
"""Characters of what happened, and of each of where, when and who."""
_SHORT = 5
"""Words up to which a part is a mere answer, with its label; longer ones may tell more of what happened."""
ROLES = ("student", "parent", "staff", "other")
"""Who writes, if they say so; it stands in the sealed words alone."""
_ID = re.compile(r"[0-9a-f]{32}")
_LANGUAGE = re.compile(r"[a-z]{2,3}")
_LABELS = {
    "en": {
        "where": "Where:", "when": "When:", "who": "Who:", "before": "I wrote before.", "role": "From:",
        "student": "a student", "parent": "a parent or guardian", "staff": "a grown-up who works at the school",
        "other": "somebody else", "files": "Files sent:",
    },
    "es": {
        "where": "Dónde:", "when": "Cuándo:", "who": "Quién:", "before": "Ya escribí antes.", "role": "De:",
        "student": "estudiante", "parent": "madre, padre o tutor", "staff": "una persona que trabaja en la escuela",
        "other": "otra persona", "files": "Archivos mandados:",
    },
}  # fmt: skip
"""The lines' labels in the reporter's language, in English where we have no other."""
_PARTS = ("where", "when", "who")
_OURS = frozenset(
    line
    for labels in _LABELS.values()
    for line in (labels["before"], *(f"{labels['role']} {labels[role]}" for role in ROLES))
)
"""Whole lines that are ours: true, but not said by the reporter."""
_STARTS = tuple(labels[name] for labels in _LABELS.values() for name in _PARTS)


@dataclass(frozen=True)
class Report:
    """A report as its page sent it; never logged, never stored as it is.

    `category` is one of `triage.topics.CHOICES`, `role` one of `ROLES`, `language` that of the page (`en`, `es`, …),
    `once` what `receipts.new_seed` drew for the form: the same form gives the same receipt, however often it comes.
    """

    school_id: str | None
    district_id: str
    text: str = field(repr=False)
    once: str = field(repr=False)
    category: str | None = None
    where: str = field(default="", repr=False)
    when: str = field(default="", repr=False)
    who: str = field(default="", repr=False)
    before: bool = False
    language: str = "en"
    role: str | None = field(default=None, repr=False)
    proved: bool = True
    """Whether its page has solved its puzzle or waited. It is taken all the same: see `puzzles`."""

    @property
    def place(self) -> str:
        """Where it belongs, as its receipt is derived for it."""
        return f"{self.district_id}/{self.school_id or ''}"

    def words(self) -> str:
        """Put the parts together: what happened first, as it was written, then a line for each part that was filled."""
        labels = _LABELS.get(self.language, _LABELS["en"])
        named = {"where": self.where, "when": self.when, "who": self.who}
        lines = [f"{labels[name]} {said.strip()}" for name, said in named.items() if said.strip()]
        if self.role:
            lines.append(f"{labels['role']} {labels[self.role]}")
        if self.before:
            lines.append(labels["before"])
        return "\n\n".join(part for part in (self.text.strip(), "\n".join(lines)) if part)


def with_files(words: str, files: int, language: str) -> str:
    """Add how many files came with words, for who sent them; staff see the files themselves."""
    if not files:
        return words
    line = f"{_LABELS.get(language, _LABELS['en'])['files']} {files}"
    return f"{words}\n\n{line}" if words else line


def spoken(words: str) -> tuple[str, str]:
    """Take a report's words apart for who judges them: what happened alone, and all that its reporter wrote.

    Both are beginnings of the words, so that places in them are places in the words. Lines of ours are left out: with
    "From: a student" after it, "help" would no longer be too short to judge.
    """
    lines = words.split("\n")
    while lines and lines[-1] in _OURS:
        lines.pop()
    said = len(lines)
    while lines and lines[-1].startswith(_STARTS):
        lines.pop()
    return "\n".join(lines).rstrip(), "\n".join(words.split("\n")[:said]).rstrip()


def freely(happened: str, said: str) -> int | None:
    """Count the characters that were written freely, where all behind them are short answers; None where not."""
    answers = said[len(happened) :].split("\n")
    brief = happened not in {"", said} and all(len(one.split()) <= _SHORT for one in answers)
    return len(happened) if brief else None


def check(report: Report, attachments: int = 0) -> None:
    """Look a report over. Raises: Empty, TooLong, and BadInput for a code that no page of ours has."""
    check_words(report.text)
    if any(len(part) > LONGEST_PART for part in (report.where, report.when, report.who)):
        raise TooLong(f"Each of where, when and who has up to {LONGEST_PART:,} characters.")
    if not attachments and not any(part.strip() for part in (report.text, report.where, report.when, report.who)):
        raise Empty
    wrong = (
        report.category is not None and not topics.is_choice(report.category),
        report.role is not None and report.role not in ROLES,
        not _LANGUAGE.fullmatch(report.language),
        not is_id(report.district_id),
        report.school_id is not None and not is_id(report.school_id),
    )
    if any(wrong):
        raise BadInput("This page is too old or damaged. Open it anew.")


def check_words(text: str) -> None:
    """Look over what somebody writes. Raises: TooLong."""
    if len(text) > LONGEST_WORDS:
        raise TooLong(f"Up to {LONGEST_WORDS:,} characters fit at once. Send the rest after it.")


def is_id(value: str) -> bool:
    """Tell whether a value may be one of our ids."""
    return _ID.fullmatch(value) is not None


def language_of(text: str, page: str) -> str:
    """Tell the language of what was written: as the words show it, else that of the page."""
    guess = language.guess(text)
    return page if guess == "und" else guess


def look(words: str, attachments: int, category: str | None = None) -> int:
    """Take a first look: what was chosen as urgent is."""
    if topics.is_urgent(category):
        return first_look.URGENT
    return min(first_look.look(part, attachments) for part in spoken(words))
