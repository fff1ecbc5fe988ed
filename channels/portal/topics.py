"""What a report may be about, in plain words. It is optional; a person reads every report all the same."""

from __future__ import annotations

from collections.abc import Mapping

from channels.portal.languages import N_
from triage import topics
from triage.model import Category

_WORDS: Mapping[Category, str] = {
    Category.PLANNED_ATTACK: N_("A plan to hurt people"),
    Category.WEAPON: N_("A weapon"),
    Category.SUICIDE_SELF_HARM: N_("Suicide or self-harm"),
    Category.CHILD_ABUSE: N_("Not safe at home"),
    Category.SEXUAL_HARASSMENT: N_("Unwanted touching or sexual talk"),
    Category.DATING_VIOLENCE: N_("Hurt by a boyfriend or girlfriend"),
    Category.PHYSICAL_VIOLENCE: N_("A fight, or someone got hurt"),
    Category.BULLYING: N_("Bullying"),
    Category.CYBERBULLYING: N_("Bullying online"),
    Category.HATE: N_("Hate"),
    Category.DRUGS_ALCOHOL: N_("Drugs, drinking or vaping"),
    Category.MISSING_RUNAWAY: N_("Someone ran away or is missing"),
    Category.MENTAL_HEALTH: N_("Someone is not doing well"),
    Category.STAFF_CONCERN: N_("An adult at school"),
    Category.UNSAFE_CONDITIONS: N_("Something is not safe here"),
    Category.PROPERTY: N_("Something broken or stolen"),
    Category.OTHER: N_("Something else"),
}
CHOICES = tuple((choice.value, _WORDS[choice]) for choice in topics.CHOICES)
"""Codes and words, in the order they are offered."""
CODES = frozenset(code for code, _ in CHOICES)
