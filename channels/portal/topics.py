"""What a report may be about, in plain words. It is optional; a person reads every report all the same."""

from __future__ import annotations

from channels.portal.languages import N_

TOPICS = (
    ("bullying", N_("Bullying")),
    ("cyberbullying", N_("Bullying online")),
    ("physical_violence", N_("A fight, or someone hurt")),
    ("weapon", N_("A weapon")),
    ("planned_attack", N_("A plan to hurt people")),
    ("suicide_self_harm", N_("Suicide or self-harm")),
    ("child_abuse", N_("Not safe at home")),
    ("sexual_harassment", N_("Sexual touching or talk")),
    ("drugs_alcohol", N_("Drugs, drinking or vaping")),
    ("hate", N_("Hate")),
    ("staff_concern", N_("An adult at school")),
    ("other", N_("Something else")),
)
"""Each is one of `triage.model.Category`."""
