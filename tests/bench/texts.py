"""What people write, and the webhooks and forms in which it comes: ready to send, no two the same."""

from __future__ import annotations

import random
from dataclasses import dataclass
from urllib.parse import urlencode

from channels.sms import INBOUND_PATH, sign

CRITICAL = (
    "theres a kid in the 2nd floor bathroom with a gun, he waits there til lunch",
    "my friend took all her pills and she wont wake up",
    "tyler said hes going to shoot up the school tomorrow",
    "hay un niño con una pistola en el segundo piso",
    "mi hermana se corto las venas en el baño",
)
HIGH = (
    "a kid in 7th grade has a knife in his backpack",
    "someone in my class has brass knuckles",
    "my friend posted a pic on snap holding a gun",
)
CALM = (
    "kids keep making fun of my friend because of his weight",
    "whats for lunch today lol",
    "they call him names and push him into lockers",
    "a group of girls are bullying my sister every day",
    "someone wrote on the wall in the gym bathroom again",
    "someone keeps posting pics of my friend and calling her names, its every day now",
)


@dataclass(frozen=True)
class Webhook:
    """One request, as bytes. `kind` is what the engine should make of it: `critical`, `high` or `calm`.

    `sid` tells it from others: the carrier's id of a text, the seed of a form.
    """

    sid: str
    kind: str
    raw: bytes


@dataclass(frozen=True)
class Place:
    """Where webhooks go, and how they are signed."""

    url: str
    account_sid: str
    secret: str

    def webhook(self, sid: str, sender: str, to: str, text: str, kind: str) -> Webhook:
        """Write one as Twilio does, HMAC-SHA256 of its URL and parameters."""
        form = {
            "ToCountry": "US", "ToState": "CO", "SmsMessageSid": sid, "NumMedia": "0", "ToCity": "DENVER",
            "FromZip": "80202", "SmsSid": sid, "FromState": "CO", "SmsStatus": "received", "FromCity": "DENVER",
            "Body": text, "FromCountry": "US", "To": to, "ToZip": "80202", "NumSegments": "1", "MessageSid": sid,
            "AccountSid": self.account_sid, "From": sender, "ApiVersion": "2010-04-01",
        }  # fmt: skip
        headers = sign(f"{self.url}{INBOUND_PATH}", form, self.secret, "HMAC_SHA256")
        return Webhook(sid, kind, request("POST", self.url, INBOUND_PATH, form, headers))


def request(method: str, url: str, path: str, form: dict[str, str], headers: dict[str, str]) -> bytes:
    """Write one HTTP/1.1 request with a form, on a connection that stays open."""
    body = urlencode(form).encode()
    lines = [
        f"{method} {path} HTTP/1.1",
        f"Host: {url.partition('//')[2]}",
        "Content-Type: application/x-www-form-urlencoded; charset=utf-8",
        f"Content-Length: {len(body)}",
        "User-Agent: TwilioProxy/1.1",
        *(f"{name}: {value}" for name, value in headers.items()),
    ]
    return "\r\n".join(lines).encode() + b"\r\n\r\n" + body


def mixed(place: Place, lines: list[str], kinds: list[str], seed: int) -> list[Webhook]:
    """Write one text of each kind in `kinds`, each from a number that never wrote before.

    What calls people out goes to a school of its own as long as there are schools, so that each has its own page;
    calm texts go anywhere.
    """
    draw = random.Random(seed)
    schools = draw.sample(lines, len(lines))
    words = {"critical": CRITICAL, "high": HIGH, "calm": CALM}
    found = []
    for number, kind in enumerate(kinds):
        to = draw.choice(lines) if kind == "calm" or not schools else schools.pop()
        sid, sender = f"SM{seed:08x}{number:024x}", f"+1303{2_000_000 + seed % 700 * 10_000 + number:07}"
        found.append(place.webhook(sid, sender, to, draw.choice(words[kind]), kind))
    return found


def report(url: str, path: str, text: str, once: str, **more: str) -> bytes:
    """Write one report as a browser sends the form of a school."""
    form = {
        "once": once, "puzzle": "", "solution": "", "text": text, "topic": "", "where": "2nd floor", "when": "today",
        "who": "", "role": "student", **more,
    }  # fmt: skip
    return request("POST", url, path, form, {"Accept": "text/html", "Origin": "null", "Sec-Fetch-Site": "same-origin"})


def reported(place: Place, schools: list[str], kinds: list[str], seed: int) -> list[Webhook]:
    """Write one report of each kind in `kinds` to any school, each from a page of its own."""
    draw, words = random.Random(seed), {"critical": CRITICAL, "high": HIGH, "calm": CALM}
    found = []
    for kind in kinds:
        once = f"{draw.getrandbits(128):032x}"
        found.append(Webhook(once, kind, report(place.url, draw.choice(schools), draw.choice(words[kind]), once)))
    return found
