"""Reads what a webhook answers, as Twilio does: TwiML, or plain text that is then sent as it is.

Source: https://www.twilio.com/docs/messaging/twiml
"""

from __future__ import annotations

from dataclasses import dataclass

from lxml import etree

MAX_BYTES = 64 * 1024
XML_TYPES = frozenset({"text/xml", "application/xml", "text/html"})


@dataclass(frozen=True)
class Reply:
    """One message that an answer asks for. `to` None: the phone that wrote."""

    body: str
    to: str | None = None
    status_callback: str | None = None
    num_media: int = 0


class BadAnswer(Exception):
    """An answer that Twilio could not use. `code` is Twilio's: 11750, 12100, 12102, 12300."""

    def __init__(self, code: int, text: str) -> None:
        super().__init__(text)
        self.code = code
        self.text = text


def read(content_type: str, body: bytes) -> list[Reply]:
    """Read the messages that a webhook's answer asks for.

    Raises: BadAnswer when it is neither TwiML nor plain text, or is larger than 64 kB.
    """
    if len(body) > MAX_BYTES:
        raise BadAnswer(11750, "The answer is larger than 64 kB")
    if not body:
        return []
    kind = content_type.partition(";")[0].strip().lower()
    if kind == "text/plain":
        return [Reply(body.decode("utf-8", "replace"))]
    if kind not in XML_TYPES:
        raise BadAnswer(12300, "Invalid Content-Type")
    return [_read_message(item) for item in _parse(body).iterchildren("Message", "Sms")]


def _parse(body: bytes) -> etree._Element:
    parser = etree.XMLParser(resolve_entities=False, no_network=True, huge_tree=False, remove_comments=True)
    try:
        root = etree.fromstring(body, parser)
    except etree.XMLSyntaxError as error:
        raise BadAnswer(12100, "Document parse failure") from error
    if root.tag != "Response":
        raise BadAnswer(12102, "The root element must be Response")
    return root


def _read_message(item: etree._Element) -> Reply:
    bodies = list(item.iterchildren("Body"))
    text = "".join(str(body.xpath("string()")) for body in bodies) if bodies else (item.text or "").strip()
    callback = item.get("statusCallback") or item.get("action")
    return Reply(text, item.get("to"), callback, sum(1 for _ in item.iterchildren("Media")))
