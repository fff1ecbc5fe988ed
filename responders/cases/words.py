"""Codes of cases in plain words for responders. A code without words here is shown with its underscores taken out."""

from __future__ import annotations

from collections.abc import Iterable

from triage.model import Category

SEVERITY = {
    "critical": "Critical",
    "high": "High",
    "moderate": "Moderate",
    "low": "Low",
    "none": "No danger seen",
}
SEVERITY_MEANS = {
    "critical": "A life may be in danger now or within a day.",
    "high": "A life may be at risk. Act today.",
    "moderate": "Someone is being hurt or is not well. Act this school day.",
    "low": "Worth knowing. No danger seen in the words.",
    "none": "Nothing in the words asks for action.",
}
STATE = {
    "new": "New",
    "acknowledged": "Acknowledged",
    "in_progress": "In progress",
    "resolved": "Resolved",
    "closed": "Closed",
}
UNSURE = {
    "no_text": "There were no words to judge, perhaps only a picture.",
    "too_short": "It is too short to judge.",
    "unknown_language": "It is in a language the rules do not know.",
    "undecided": "A word of danger stands alone, without enough around it.",
    "resembles_danger": "Its words are like those of grave tips, though no rule says why.",
    "contradictory": "It can be read as a joke or as meant. The rules cannot tell.",
    "engine_error": "The judging failed. Nobody has looked at this yet.",
    "unknown_line": "It came in at a number that we do not know, so a person must look whose it is.",
    "unknown_event": "Another system told us of something of a kind we do not know.",
    "unclear_event": "Another system raised a concern without saying in words what happened. Read it as it came.",
    "timeout": "The judging took too long. Nobody has looked at this yet.",
    "unreadable": "Its words do not open with the keys we have.",
    "chosen_topic": "The reporter says that it is about this. The words alone do not show it.",
    "lone_code": "It looks like an answer to a page, but we could not tell whose phone it came from.",
    "no_answer": "It says too little. We asked back, and no answer came.",
    "not_paged": "Calling people failed. Nobody has been told of this yet.",
}
WHY = {
    "handled": "Handled: the person is safe",
    "referred": "Handed on to someone else",
    "unfounded": "Looked into, nothing found",
    "duplicate": "Same as another case",
    "test": "It was a test",
    "prank": "It was a prank",
    "more_information": "More has come to light",
    "mistake": "Moved by mistake",
    "new_message": "A new message came in",
    "started": "Someone is working on it",
}
HOLD = {
    "litigation": "A lawsuit",
    "investigation": "An investigation",
    "records_request": "Someone asked to see the records",
    "audit": "An audit",
    "other": "Another reason",
}
CORRECTED = {
    "joke": "It was a joke or a game",
    "known_already": "We knew of it already",
    "not_so": "We looked, and it is not so",
    "words_misread": "The words were misread",
    "sign_missed": "A sign was missed",
    "more_known": "We know more than the words say",
    "other": "Another reason",
}
HIDDEN = {"name": "name", "number": "number", "email": "e-mail address", "handle": "handle"}
"""What a reporter told of themselves, by the kind of its mask."""
UNMASK = {
    "danger": "Someone is in danger",
    "contact": "They want to be reached this way",
    "not_reporter": "It is not about who wrote",
    "duty": "The law asks us to",
    "other": "Another reason",
}
ASK = {
    "where": ("Where is this?", "Where is this happening?", "¿Dónde está pasando esto?"),
    "when": ("When?", "When did this happen, or when will it?", "¿Cuándo pasó o cuándo va a pasar?"),
    "who": ("Who is it about?", "Who is this about?", "¿De quién se trata?"),
    "means": (
        "Is there a weapon or another means?",
        "Do they have something they could use to hurt someone?",
        "¿Tiene algo con qué hacer daño?",
    ),
    "how_known": (
        "How do they know?",
        "How did you find out? Did you see it or hear it?",
        "¿Cómo lo supiste? ¿Lo viste o lo oíste?",
    ),
    "safe_now": (
        "Is everyone safe right now?",
        "Are you safe right now? Is everyone else?",
        "¿Estás a salvo ahora? ¿Y los demás?",
    ),
}
"""Gap code: the question as a responder thinks it, and as a reporter is asked it, EN and ES."""

_SIGN = {
    "access_to_means": "has the means",
    "danger_now": "happening now",
    "plan_time": "a time",
    "plan_place": "a place at school",
    "everyday_words": "everyday words only",
    "figure_of_speech": "a figure of speech",
    "intent_to_kill": "says someone will be killed",
    "weapon_seen": "a weapon was seen",
    "local_place": "a place, by its name here",
    "local_person": "a person, by a nickname",
    "local_gang": "a gang, by its name here",
    "local_drug": "a drug, by its name here",
    "code_word": "a code-word of this district",
    "muted_phrase": "a phrase that your district has muted",
    "words_of_grave_tips": "words that stand in grave tips",
    "unlike_grave_tips": "the rest of the message reads like messages that were harmless",
    "harmless_sense": "meant in a harmless way",
    "hyperbole": "an exaggeration",
    "old_news": "news from elsewhere",
    "corrected": "a rumor, since corrected",
    "safe_hands": "already in safe hands",
    "carrier_keyword": "a word for the phone company",
    "negated": "said not to be so",
    "resolved": "said to be over",
    "laughter": "laughter",
    "past": "in the past",
}
LOWERING = frozenset(
    {
        "advertising",
        "carrier_keyword",
        "corrected",
        "drill",
        "everyday_words",
        "fiction",
        "figure_of_speech",
        "game",
        "harmless_sense",
        "hyperbole",
        "keyboard_mash",
        "laughter",
        "lesson",
        "link",
        "muted_phrase",
        "negated",
        "old_news",
        "past",
        "resolved",
        "safe_hands",
        "schoolwork",
        "sport",
        "test_message",
        "thanks",
        "unlike_grave_tips",
    }
)
"""Signs that made the engine calmer."""


def plain(code: str, words: dict[str, str]) -> str:
    """Look a code up; one without words is shown with its underscores taken out."""
    return words.get(code) or code.replace("_", " ").capitalize()


def sign(name: str) -> str:
    """Say in plain words what an indicator shows."""
    return _SIGN.get(name) or name.replace("_", " ")


def categories(codes: Iterable[str]) -> str:
    """Name what a case is about, the main category first and with a capital."""
    labels = {category.value: category.label for category in Category}
    text = ", ".join(labels.get(code) or code.replace("_", " ") for code in codes) or "other concern"
    return text[:1].upper() + text[1:]


def question(gap: str, language: str) -> str:
    """Word a gap as a question to a reporter, in their language where we speak it."""
    known = ASK.get(gap)
    return "" if known is None else known[2 if language == "es" else 1]
