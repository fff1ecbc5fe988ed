"""Topics: what a reporter may say a report is about. A choice may raise what the words say, and never lowers it."""

from dataclasses import replace

from triage.model import Assessment, Category, Severity

CHOICES: tuple[Category, ...] = (
    Category.PLANNED_ATTACK,
    Category.WEAPON,
    Category.SUICIDE_SELF_HARM,
    Category.CHILD_ABUSE,
    Category.SEXUAL_HARASSMENT,
    Category.DATING_VIOLENCE,
    Category.PHYSICAL_VIOLENCE,
    Category.BULLYING,
    Category.CYBERBULLYING,
    Category.HATE,
    Category.DRUGS_ALCOHOL,
    Category.MISSING_RUNAWAY,
    Category.MENTAL_HEALTH,
    Category.STAFF_CONCERN,
    Category.UNSAFE_CONDITIONS,
    Category.PROPERTY,
    Category.OTHER,
)
"""In the order they are offered: the gravest first."""
URGENT = frozenset(
    {
        Category.PLANNED_ATTACK,
        Category.WEAPON,
        Category.SUICIDE_SELF_HARM,
        Category.CHILD_ABUSE,
        Category.MISSING_RUNAWAY,
    }
)
"""Who chooses one of these has a person look now, whatever the words say: they may be few, or in a language unknown."""
CHOSEN = "chosen_topic"
"""The reason for being unsure where only the choice speaks of danger."""


def is_choice(code: str) -> bool:
    """Tell whether a code is one that may be chosen."""
    return any(code == choice.value for choice in CHOICES)


def is_urgent(code: str | None) -> bool:
    """Tell whether a person must look now because of what was chosen."""
    return any(code == choice.value for choice in URGENT)


def heed(assessment: Assessment, code: str | None) -> Assessment:
    """Add what a reporter chose to what the words say: a category, at least `low`, and a person where it is urgent.

    Of what is urgent, too few words are not asked back about: the choice is the hint of harm that they lack.
    """
    if code is None or not is_choice(code) or code == Category.OTHER.value:
        return assessment
    topic = Category(code)
    said = tuple(one for one in assessment.categories if one not in {Category.OTHER, topic})
    # What the words show comes first where they show danger: a choice is one click.
    both = (*said, topic) if assessment.life_safety and said else (topic, *said)
    severity = max(assessment.severity, Severity.LOW, key=lambda one: one.rank)
    calls = topic in URGENT and not (severity.life_safety or assessment.unsure)
    return replace(
        assessment,
        severity=severity,
        categories=both,
        unsure=assessment.unsure or calls,
        unsure_reason=CHOSEN if calls else assessment.unsure_reason,
        asks=None if topic in URGENT else assessment.asks,
    )
