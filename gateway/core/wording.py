"""The few words the house itself says to a reporter, EN and ES: short, plain, and bland enough for a lock screen."""

from __future__ import annotations

_RECEIPT = {
    "en": "Got it. You are anonymous here. A person will read this. In danger now? Call 911.",
    "es": "Recibido. No sabemos quién eres. Una persona va a leer esto. ¿Peligro ahora mismo? Llama al 911.",
}
"""Signs of the GSM 7-bit alphabet only (é and ¿ are in it, á and í are not), so that either fits one text of 160."""

_QUESTION = {
    "en": "What is going on? A few words are enough. If you need someone right now, call or text 988.",
    "es": "¿Qué pasa? Unas pocas palabras bastan. Si necesitas a alguien ahora, llama o escribe al 988.",
}


def question(language: str) -> str:
    """Ask the one plain question of somebody who has said too little, in their language or in both."""
    return _QUESTION.get(language) or f"{_QUESTION['en']} / {_QUESTION['es']}"


def receipt(language: str) -> str:
    """Say that the text has arrived: in the reporter's language, or in both when it could not be told."""
    return _RECEIPT.get(language) or f"{_RECEIPT['en']} / {_RECEIPT['es']}"
