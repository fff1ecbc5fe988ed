"""The twilio client bound to one account, and the few things we ask it beside sending. Nothing else talks to Twilio."""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import datetime
from email.utils import parsedate_to_datetime

import requests
from twilio.base.exceptions import TwilioException, TwilioRestException
from twilio.http.http_client import TwilioHttpClient
from twilio.http.response import Response
from twilio.rest import Client

from gateway.core.messages import SendError

TIMEOUT_SECONDS = 10.0
_API = "https://api.twilio.com"


@dataclass(frozen=True)
class TwilioAccount:
    """One account and the API key we reach it with; `base_url` stands in for api.twilio.com when it is set."""

    account_sid: str
    api_key: str
    api_secret: str
    base_url: str | None = None

    def client(self, timeout_seconds: float = TIMEOUT_SECONDS) -> Client:
        """Make the real twilio client for this account. Nothing is asked of Twilio yet."""
        http = _Rebased(self.base_url or _API, timeout_seconds)
        return Client(self.api_key, self.api_secret, self.account_sid, http_client=http)


@dataclass(frozen=True)
class AccountState:
    """What Twilio says of an account: its status, the webhook of each number, and what time it is there."""

    status: str
    webhooks: dict[str, str]
    provider_time: datetime | None


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
    http = client.http_client
    date = http.last_date if isinstance(http, _Rebased) else None
    return AccountState(str(state.status), {str(n.phone_number): str(n.sms_url or "") for n in numbers}, date)


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
        status = int(error.status)
        return SendError(str(error.code or status), retryable=status == requests.codes.too_many or status >= 500)
    if isinstance(error, requests.Timeout):
        return SendError("timeout", retryable=True)
    if isinstance(error, requests.RequestException):
        return SendError("unreachable", retryable=True)
    if isinstance(error, TwilioException):
        return SendError("provider", retryable=True)
    raise error


def _refuse_while_busy(response: Response) -> None:
    """Say how long Twilio asks us to wait; the client itself would drop that. Raises: SendError."""
    wait = (response.headers or {}).get("Retry-After", "")
    if response.status_code in {requests.codes.too_many, requests.codes.unavailable} and wait.isdigit():
        raise SendError(_code(response), retryable=True, retry_after_seconds=float(wait))


def _code(response: Response) -> str:
    try:
        return str(json.loads(response.text)["code"])
    except (ValueError, KeyError, TypeError):
        return str(response.status_code)


class _Rebased(TwilioHttpClient):
    """The stock HTTP client with another host in place of api.twilio.com; no retries of its own."""

    def __init__(self, base_url: str, timeout_seconds: float) -> None:
        super().__init__(timeout=timeout_seconds)
        self._base_url = base_url
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
        if url.startswith(_API):
            url = self._base_url + url.removeprefix(_API)
        response = super().request(method, url, params, data, headers, auth, timeout, allow_redirects)
        _refuse_while_busy(response)
        if response.headers and (date := response.headers.get("Date")):
            self.last_date = parsedate_to_datetime(date)
        return response
