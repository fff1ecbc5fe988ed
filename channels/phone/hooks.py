"""Signs and posts webhooks, with Twilio's time-outs, retries and fallback.

Source: https://www.twilio.com/docs/usage/webhooks/webhooks-connection-overrides
"""

from __future__ import annotations

import base64
import hmac
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from urllib.parse import parse_qs, urlsplit, urlunsplit

import httpx

from channels.phone.config import Account
from channels.phone.media import Media
from channels.phone.records import Message

API_VERSION = "2010-04-01"
USER_AGENT = "TwilioProxy/1.1"
CONNECT_SECONDS = 5.0
# Upper-case, as carriers' lookups give them. A phone's area code says where its owner bought it: the product must
# drop these fields, so the stand-in has to send some.
PLACES = {
    "303": ("DENVER", "CO", "80202"), "720": ("AURORA", "CO", "80012"), "719": ("PUEBLO", "CO", "81001"),
    "970": ("FORT COLLINS", "CO", "80521"), "505": ("ALBUQUERQUE", "NM", "87102"), "307": ("LARAMIE", "WY", "82070"),
}  # fmt: skip
ELSEWHERE = ("GOLDEN", "CO", "80401")


@dataclass(frozen=True)
class Answer:
    """What a webhook answered. `status` None: no answer at all; then `alert` is the code for the carrier's log."""

    status: int | None
    content_type: str = ""
    body: bytes = b""
    alert: int | None = None

    @property
    def ok(self) -> bool:
        """Whether the message counts as handed over."""
        return self.status is not None and 200 <= self.status < 300


class Poster:
    """Posts signed forms; one HTTP client for all."""

    def __init__(self, timeout_seconds: float, new_hex: Callable[[int], str]) -> None:
        self._timeout_seconds = timeout_seconds
        self._new_hex = new_hex
        limits = httpx.Limits(max_connections=64, max_keepalive_connections=16)
        # trust_env: a proxy set for the machine must not see, or stand between, calls on loopback.
        self._http = httpx.Client(limits=limits, trust_env=False, follow_redirects=True)

    def close(self) -> None:
        """Close the connections."""
        self._http.close()

    def post(self, account: Account, url: str, params: dict[str, str]) -> Answer:
        """Post a form to a webhook, retried as the URL's fragment asks, never longer than the time-out in all."""
        target, retries, policy = read_overrides(url)
        token = self._new_hex(16)
        deadline = time.monotonic() + self._timeout_seconds
        for attempt in range(retries + 1):
            answer, failure = self._try(account, target, params, token, deadline - time.monotonic())
            left = deadline - time.monotonic()
            if failure is None or attempt == retries or left <= 0 or not policy & {failure, "all"}:
                return answer
            time.sleep(min(left, 0.1 * (attempt + 1)))
        raise AssertionError("unreachable")

    def _try(
        self, account: Account, url: str, params: dict[str, str], token: str, seconds: float
    ) -> tuple[Answer, str | None]:
        """Post once; the second value names the failure in the words of the retry policy."""
        headers = {"User-Agent": USER_AGENT, "Accept": "*/*", "I-Twilio-Idempotency-Token": token}
        headers.update(sign(account, url, params))
        timeout = httpx.Timeout(max(seconds, 0.01), connect=min(CONNECT_SECONDS, max(seconds, 0.01)))
        try:
            response = self._http.post(url, data=params, headers=headers, timeout=timeout)
        except (httpx.ConnectError, httpx.ConnectTimeout):
            return Answer(None, alert=11200), "ct"
        except httpx.TimeoutException:
            return Answer(None, alert=11205), "rt"
        except (httpx.HTTPError, httpx.InvalidURL):
            return Answer(None, alert=11200), "rt"
        answer = Answer(response.status_code, response.headers.get("Content-Type", ""), response.content)
        if answer.ok:
            return answer, None
        return Answer(answer.status, alert=11200), "5xx" if response.status_code >= 500 else "4xx"


def read_overrides(url: str) -> tuple[str, int, set[str]]:
    """Split a webhook URL into what is called, how often it is retried and upon which failures.

    Without `rc` a webhook is tried once: Twilio retries only a failed connection, which a stand-in need not.
    """
    parts = urlsplit(url)
    given = parse_qs(parts.fragment)
    try:
        retries = min(max(int(given.get("rc", ["0"])[0]), 0), 5)
    except ValueError:
        retries = 0
    policy = {word.strip() for word in given.get("rp", ["ct"])[0].split(",")}
    return urlunsplit(parts._replace(fragment="")), retries, policy


def sign(account: Account, url: str, params: dict[str, str]) -> dict[str, str]:
    """Make the headers that prove who called: SHA-1 by auth token, or SHA-256 by the account's shared key.

    Source: https://www.twilio.com/docs/usage/webhooks/webhooks-security
    """
    signed = url + "".join(name + params[name] for name in sorted(params))
    key = account.shared_key
    if key is None:
        return {"X-Twilio-Signature": _mac(account.auth_token, signed, "sha1")}
    return {
        "X-Twilio-Signature": _mac(key.secret, signed, "sha256"),
        "X-Twilio-Webhooks-Signature-Settings": f"key={key.sid},algorithm=HMAC_SHA256",
    }


def _mac(secret: str, text: str, digest: str) -> str:
    return base64.b64encode(hmac.digest(secret.encode(), text.encode(), digest)).decode()


def describe_inbound(message: Message, media: Sequence[Media] = ()) -> dict[str, str]:
    """List the fields of an inbound message's webhook."""
    folder = f"https://api.twilio.com/{API_VERSION}/Accounts/{message.account_sid}/Messages/{message.sid}/Media"
    files = {f"MediaUrl{at}": f"{folder}/{one.sid}" for at, one in enumerate(media)}
    kinds = {f"MediaContentType{at}": one.content_type for at, one in enumerate(media)}
    city, state, code = place_of(message.sender)
    to_city, to_state, to_code = place_of(message.recipient)
    return {
        "ToCountry": "US",
        "ToState": to_state,
        "SmsMessageSid": message.sid,
        "NumMedia": str(message.num_media),
        "ToCity": to_city,
        "FromZip": code,
        "SmsSid": message.sid,
        "FromState": state,
        "SmsStatus": "received",
        "FromCity": city,
        "Body": message.body,
        "FromCountry": "US",
        "To": message.recipient,
        "ToZip": to_code,
        "NumSegments": str(message.num_segments),
        "MessageSid": message.sid,
        "AccountSid": message.account_sid,
        "From": message.sender,
        "ApiVersion": API_VERSION,
        **files,
        **kinds,
    }


def describe_status(message: Message) -> dict[str, str]:
    """List the fields of a status callback."""
    params = {
        "SmsSid": message.sid,
        "SmsStatus": message.status,
        "MessageStatus": message.status,
        "To": message.recipient,
        "MessageSid": message.sid,
        "AccountSid": message.account_sid,
        "From": message.sender,
        "ApiVersion": API_VERSION,
    }
    if message.error_code is not None:
        params["ErrorCode"] = str(message.error_code)
    if message.service_sid is not None:
        params["MessagingServiceSid"] = message.service_sid
    return params


def place_of(number: str) -> tuple[str, str, str]:
    """Name a plausible city, state and postal code for a number; empty for what is not North American."""
    if not (number.startswith("+1") and len(number) == 12):
        return "", "", ""
    return PLACES.get(number[2:5], ELSEWHERE)
