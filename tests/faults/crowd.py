"""Who texts and who answers: 500 reporters in two languages, a responder who replies, phones that acknowledge pages."""

from __future__ import annotations

import json
import random
import re
import threading
import time
from base64 import b64decode, b64encode
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass, field, replace
from typing import Any

import httpx

from tests.faults.site import Site
from tests.support import files
from tests.support.house import CEDAR, DANA, LINCOLN, MARCUS, PAGING, RILEY

REPORTERS = [f"+1404555{number:04}" for number in range(500)]
UNREACHABLE = frozenset(REPORTERS[::40])
"""Phones that are off for good: a reply to them must show that it did not arrive."""
GRAVE = (
    "theres a kid with a gun in room {n}",
    "he said he is going to shoot up the school on day {n}",
    "i want to kill myself tonight, im on bus {n}",
    "mi amiga dice que se quiere morir y tiene pastillas, salon {n}",
    "hay un muchacho en la cafeteria con una navaja y esta amenazando a otro, mesa {n}",
)
"""Plainly life-safety: tests ask the engine itself whether it thinks so."""
OTHER = (
    "someone drew on locker {n}",
    "the seniors took all the parking spots again, row {n}",
    "whats for lunch in week {n}",
    "alguien rayo el casillero {n}",
    "el baño esta sucio otra vez, piso {n}",
)
_GRAVE_SHARE = 0.2
_EVERY_SO_MANY, MOST_PICTURES = 12, 40
"""Each twelfth text that is written has a picture, up to so many: to clean one takes a processor half a second."""
_RESPONDERS = (DANA, MARCUS, RILEY)
_CASES = "{ cases(first: 40) { edges { node { threads { id } } } } }"
_REPLY = """mutation($thread: ID!, $text: String!) {
  reply(input: {threadId: $thread, text: $text}) { message { id } userErrors { code } } }"""


@dataclass(frozen=True)
class Text:
    """One text of a reporter; its id is the sender's, so that it can be sent again as the same."""

    sid: str
    sender: str
    line: str
    words: str
    grave: bool
    picture: bool = False


@dataclass
class Crowd:
    """Everybody at once. What they did is noted here: `answered` are the texts that got a 200 from us."""

    site: Site
    seed: int = 7
    texts: dict[str, Text] = field(default_factory=dict)
    answered: set[str] = field(default_factory=set)
    replies: dict[str, str] = field(default_factory=dict)
    """Text of a reply that the API took, and the id of its message."""
    uncertain: set[str] = field(default_factory=set)
    """Texts of replies of which nobody knows whether the API took them."""
    _hushed: threading.Event = field(default_factory=threading.Event)
    _seen_page: int = 0

    def __post_init__(self) -> None:
        # One for all: making a client costs more than the text that it sends.
        self._http = httpx.Client(timeout=60, trust_env=False, limits=httpx.Limits(max_connections=64))
        self._random = random.Random(self.seed)
        self._picture = b64encode(files.picture()).decode()
        self._token = ""
        self.healthy()

    def close(self) -> None:
        """Hang up."""
        self._http.close()

    def healthy(self) -> None:
        """Set the carrier right, except for the phones that are off for good."""
        self.site.carrier()
        self.site.carrier(numbers=dict.fromkeys(UNREACHABLE, "unreachable"))

    def write(self, count: int, *, per_second: float = 1000.0, at_once: int = 24) -> None:
        """Have so many texts written, side by side and spread evenly; comes back when the carrier has each of them."""
        drawn = [self._draw(len(self.texts) + place) for place in range(count)]
        room = MOST_PICTURES - sum(text.picture for text in self.texts.values())
        for place in range(0, count, _EVERY_SO_MANY)[: max(0, room)]:
            drawn[place] = replace(drawn[place], sid=f"MM{drawn[place].sid[2:]}", picture=True)
        self.texts.update({text.sid: text for text in drawn})
        began = time.monotonic()

        def send(place: int) -> None:
            self._hushed.wait(max(0.0, began + place / per_second - time.monotonic()))
            self.send(drawn[place])

        with ThreadPoolExecutor(at_once) as pool:
            list(pool.map(send, range(count)))

    def send(self, text: Text) -> bool:
        """Send one text, again and again until the carrier itself has taken it, as a phone does."""
        url = f"{self.site.house.phones_url}/phones/{text.sender}/messages"
        data: dict[str, Any] = {"to": text.line, "body": text.words, "message_sid": text.sid}
        if text.picture:
            data["media"] = [{"content_type": "image/jpeg", "base64": self._picture}]
        deadline = time.monotonic() + 180
        while time.monotonic() < deadline and not self._hushed.is_set():
            with suppress(httpx.HTTPError, ValueError):
                answer = self._http.post(url, json=data)
                if answer.status_code == 200:
                    if answer.json()["webhook_status"] == 200:
                        self.answered.add(text.sid)
                    return True
            threading.Event().wait(0.3)
        assert self._hushed.is_set(), "the carrier never took a text"
        return False

    def hush(self) -> None:
        """Have nobody write any more, not even what the carrier has not taken yet: that was never sent."""
        self._hushed.set()
        taken = {sid for (sid,) in self.site.asked_of_carrier("SELECT sid FROM kept WHERE direction = 'inbound'")}
        for sid in self.texts.keys() - taken:
            del self.texts[sid]

    def go_on(self) -> None:
        """Let them write again."""
        self._hushed.clear()

    def one(self, *, grave: bool) -> Text:
        """Write one text now."""
        text = self._draw(len(self.texts), grave=grave)
        self.texts[text.sid] = text
        self.send(text)
        return text

    def one_without_webhook(self) -> Text:
        """Have the carrier take one text whose webhook is never called: its list alone has it."""
        text = self._draw(len(self.texts), grave=False)
        self.texts[text.sid] = text
        self.site.slip_to_carrier(text.sid, text.sender, text.line, text.words)
        return text

    def _draw(self, number: int, *, grave: bool | None = None) -> Text:
        draw = self._random
        grave = draw.random() < _GRAVE_SHARE if grave is None else grave
        words = draw.choice(GRAVE if grave else OTHER).format(n=number)
        sid, sender = f"SM{draw.getrandbits(128):032x}", REPORTERS[number % len(REPORTERS)]
        return Text(sid, sender, draw.choice((LINCOLN, CEDAR)), words, grave)

    def acknowledge(self) -> int:
        """Answer every page that has come since the last time with its code; answers how many codes were sent."""
        rows = self.site.asked_of_carrier(
            "SELECT seq, phone, body FROM bubbles WHERE seq > ? AND direction = 'received'",
            self._seen_page,
        )
        codes: dict[str, str] = {}
        for seq, phone, body in rows:
            self._seen_page = seq
            found = re.search(r"Reply (\d{4}) to acknowledge", body) if phone in _RESPONDERS else None
            if found:
                codes[found[1]] = phone
        for code, phone in codes.items():
            with suppress(httpx.HTTPError):
                self.site.house.text(phone, code, to=PAGING)
        return len(codes)

    def reply(self) -> bool:
        """Write one reply to somebody through the API, as a responder would; false when that could not be done now."""
        text = f"Reply {len(self.replies) + len(self.uncertain)}: are you somewhere safe?"
        try:
            self._token = self._token or self._issue()
            found = self._ask(_CASES)["cases"]["edges"]
            threads = [thread["id"] for edge in found for thread in edge["node"]["threads"]]
        except (httpx.HTTPError, AssertionError, ValueError):
            return False
        if not threads:
            return False
        self.uncertain.add(text)
        try:
            done = self._ask(_REPLY, thread=self._random.choice(threads), text=text)["reply"]
        except (httpx.HTTPError, AssertionError, ValueError):
            return False
        if done["message"]:
            self.replies[text] = b64decode(done["message"]["id"]).decode().partition(":")[2]
            self.uncertain.discard(text)
        return bool(done["message"])

    def _ask(self, query: str, **variables: str) -> Any:
        return self.site.house.graphql(self._token, query, **variables)

    def _issue(self) -> str:
        scopes = ("--scope", "cases:read", "--scope", "cases:write")
        return str(json.loads(self.site.house.tipline("token", "--name", "faults", *scopes, "--json"))["token"])
