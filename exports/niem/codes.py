"""Our codes in the model's own lists, where one of them says the same; where none does, none is written."""

from __future__ import annotations

from collections.abc import Mapping

from exports.case_snapshot import AssessmentSnapshot
from triage.model import Category, Severity

SEVERITIES = tuple(one.value for one in Severity)
MECHANISMS: Mapping[str, str] = {"sms": "PHONE", "web": "INTERNET-EMAIL"}
"""Channel: how the call came. Source: ndex:CADCallSourceCodeSimpleType."""
CLASSES: Mapping[str, str] = {Category.HATE: "HATE"}
"""Category: class of threat. Source: sar:TipClassCodeSimpleType, whose other classes are of terror and fraud."""
_PERSONS, _CRIME, _CYBER = "H", "A", "C"
DOMAINS: Mapping[str, str] = {
    **dict.fromkeys(
        (
            Category.PLANNED_ATTACK, Category.WEAPON, Category.CHILD_ABUSE, Category.DATING_VIOLENCE,
            Category.SEXUAL_HARASSMENT, Category.PHYSICAL_VIOLENCE, Category.HATE,
        ),
        _PERSONS,
    ),
    **dict.fromkeys((Category.DRUGS_ALCOHOL, Category.GANG, Category.PROPERTY), _CRIME),
    Category.CYBERBULLYING: _CYBER,
}  # fmt: skip
"""Category: domain of threat (persons, crime, cyber crime). Source: sar:TipDomainCodeSimpleType."""


def is_risk_to_self(assessment: AssessmentSnapshot) -> bool | None:
    """Tell whether it speaks of suicide or self-harm; nothing when it does not: silence is no clearance."""
    speaks = (
        Category.SUICIDE_SELF_HARM.value in assessment.categories and Severity(assessment.severity) >= Severity.MODERATE
    )
    return True if speaks else None
