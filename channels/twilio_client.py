"""The twilio client bound to one account, and the few things we ask it beside sending. Nothing else talks to Twilio."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from email.utils import parsedate_to_datetime
from functools import partial
from urllib.parse import urlsplit

import requests
from twilio.base.exceptions import TwilioException, TwilioRestException
from twilio.http.http_client import TwilioHttpClient
from twilio.http.response import Response
from twilio.rest import Client

from gateway.core import deadlines
from gateway.core.messages import SendError, Status

TIMEOUT_SECONDS = 10.0
WHOLE_SECONDS = 30.0
"""How long an answer may take in all, should it drip: less than a duty may hang (`gateway.front.duties`)."""
API = "https://api.twilio.com"
LOOPBACK = {"127.0.0.1", "localhost", "::1"}

STATUSES: Mapping[str, Status] = {
    "sent": "sent",
    "delivered": "delivered",
    "read": "delivered",
    "undelivered": "undelivered",
    "failed": "failed",
    "canceled": "failed",
}
"""What moves a text forward; `accepted`, `scheduled`, `queued`, `sending` do not.
Source: https://www.twilio.com/docs/messaging/guides/outbound-message-status-in-status-callbacks"""


def _nothing() -> None:
    """Do nothing about an answer."""


@dataclass(frozen=True)
class TwilioAccount:
    """One account and the API key we reach it with; `base_url` stands in for api.twilio.com when it is set."""

    account_sid: str
    api_key: str
    api_secret: str
    base_url: str | None = None

    def client(self, timeout_seconds: float = TIMEOUT_SECONDS, on_answer: Callable[[], object] = _nothing) -> Client:
        """Make the real twilio client for this account. Nothing is asked yet; `on_answer` is called at each answer."""
        http = _Rebased(self.base_url or API, timeout_seconds, on_answer)
        return Client(self.api_key, self.api_secret, self.account_sid, http_client=http)


@dataclass(frozen=True)
class AccountState:
    """What Twilio says of an account: its status, webhook and fallback of each number, and what time it is there."""

    status: str
    webhooks: dict[str, str]
    provider_time: datetime | None
    fallbacks: dict[str, str] = field(default_factory=dict)


def inspect(account: TwilioAccount) -> AccountState:
    """Ask Twilio about an account, for `tipline doctor`. Raises: SendError when it cannot be reached or refuses."""
    client = account.client()
    try:
        state = client.api.accounts(account.account_sid).fetch()
        numbers = client.incoming_phone_numbers.list(limit=1000)
    except Exception as error:  # noqa: BLE001 - the client lets requests' errors through as they are
        raise translated(error) from None
    finally:
        close(client)
    return AccountState(
        status=str(state.status),
        webhooks={str(number.phone_number): str(number.sms_url or "") for number in numbers},
        provider_time=told_time(client),
        fallbacks={str(number.phone_number): str(number.sms_fallback_url or "") for number in numbers},
    )


def told_time(client: Client) -> datetime | None:
    """Read the carrier's clock off its last answer, UTC-aware, to the second."""
    http = client.http_client
    return http.last_date if isinstance(http, _Rebased) else None


def close(client: Client) -> None:
    """Close a client's connections."""
    session = getattr(client.http_client, "session", None)
    if isinstance(session, requests.Session):
        session.close()


def translated(error: Exception) -> SendError:
    """Turn what the client raises into our own error. No text is kept: Twilio's quote the number.

    Source: https://www.twilio.com/docs/api/errors, https://www.twilio.com/docs/usage/troubleshooting/rate-limiting
    """
    if isinstance(error, SendError):
        return error
    if isinstance(error, TwilioRestException):
        return _refused(int(error.status), error.code)
    if isinstance(error, requests.Timeout):
        return SendError("timeout", retryable=True)
    if isinstance(error, requests.RequestException):
        return SendError("unreachable", retryable=True)
    if isinstance(error, TwilioException):
        # A page of a list that is refused comes as the bare answer.
        answer = next((part for part in error.args if isinstance(part, Response)), None)
        if answer is not None:
            return _refused(answer.status_code, _code_in(answer.text))
        return SendError("provider", retryable=True)
    raise error


def _refused(status: int, code: object) -> SendError:
    return SendError(str(code or status), retryable=status == requests.codes.too_many or status >= 500)


def _refuse_while_busy(response: Response) -> None:
    """Say how long Twilio asks us to wait; the client itself would drop that. Raises: SendError."""
    wait = (response.headers or {}).get("Retry-After", "")
    if response.status_code in {requests.codes.too_many, requests.codes.unavailable} and wait.isdigit():
        code = str(_code_in(response.text) or response.status_code)
        raise SendError(code, retryable=True, retry_after_seconds=float(wait))


def _code_in(body: str) -> int | None:
    try:
        code = json.loads(body)["code"]
    except (ValueError, KeyError, TypeError):
        return None
    return code if isinstance(code, int) else None


class _Rebased(TwilioHttpClient):
    """The stock HTTP client with another host in place of api.twilio.com; no retries of its own."""

    def __init__(self, base_url: str, timeout_seconds: float, on_answer: Callable[[], object]) -> None:
        super().__init__(timeout=timeout_seconds)
        self._base_url = base_url
        if self.session is not None and urlsplit(base_url).hostname in LOOPBACK:
            self.session.trust_env = False  # A proxy has no business between us and a stand-in on this machine.
        self._on_answer = on_answer
        self.last_date: datetime | None = None

    def request(
        self,
        method: str,
        url: str,
        params: dict[str, object] | None = None,
        data: dict[str, object] | None = None,
        headers: dict[str, str] | None = None,
        auth: tuple[str, str] | None = None,
        timeout: float | None = None,
        allow_redirects: bool = False,
    ) -> Response:
        """Make a request to the base URL instead."""
        if url.startswith(API):
            url = self._base_url + url.removeprefix(API)
        ask = partial(super().request, method, url, params, data, headers, auth, timeout, allow_redirects)
        try:
            response = deadlines.within(WHOLE_SECONDS, ask)
        except TimeoutError:
            raise SendError("timeout", retryable=True) from None
        self._on_answer()
        _refuse_while_busy(response)
        if response.headers and (date := response.headers.get("Date")):
            self.last_date = parsedate_to_datetime(date)
        return response
