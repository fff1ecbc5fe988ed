"""The files of texts, as Twilio keeps them: fetched from its own host alone, bounded in time, deleted with their text.

A link is never followed as it stands: only its path is taken, and only if it names a file of our own account. Twilio
answers with a redirect to its file servers, which is followed once, to them alone, and without our credentials.
Source: https://www.twilio.com/docs/messaging/api/media-resource
"""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from urllib.parse import urljoin, urlsplit

import requests

from channels.twilio_client import API, LOOPBACK, TIMEOUT_SECONDS, TwilioAccount, translated
from gateway.core.messages import SendError

_CHUNK = 64 * 1024
_WHOLE_SECONDS = 50.0
"""How long one file may take in all, should it drip."""
_FILE_SERVERS = (".twiliocdn.com",)
_BUCKETS = ("s3-external-1.amazonaws.com", "/media.twiliocdn.com/")
_REDIRECTS = frozenset({301, 302, 303, 307, 308})


class TwilioMedia:
    """The files of one account's messages."""

    def __init__(self, account: TwilioAccount, on_answer: Callable[[], object] = lambda: None) -> None:
        """Bind to an account; nothing is asked of Twilio yet. `on_answer` is called at each piece."""
        self._base = account.base_url or API
        self._auth = (account.api_key, account.api_secret)
        sid = re.escape(account.account_sid)
        self._folder = re.compile(
            rf"(/2010-04-01/Accounts/{sid}/Messages/[MS]M[0-9a-f]{{32}}/Media)(/ME[0-9a-f]{{32}}|\.json)"
        )
        self._session = requests.Session()
        self._session.trust_env = urlsplit(self._base).hostname not in LOOPBACK
        self._on_answer = on_answer

    @contextmanager
    def fetch(self, url: str, place: int) -> Iterator[Iterator[bytes]]:
        """Open the file at a link; a link to a text's list means the `place`-th of it. Raises: SendError."""
        found = self._folder.fullmatch(urlsplit(url).path)
        if found is None:
            raise SendError("unknown_link", retryable=False)
        folder, one = found.groups()
        try:
            if one == ".json":
                one = f"/{self._listed(folder, place)}"
            with self._opened(f"{self._base}{folder}{one}") as answer:
                yield self._pieces(answer)
        except requests.RequestException as error:
            raise translated(error) from None

    def close(self) -> None:
        """Let go of the connections."""
        self._session.close()

    def _listed(self, folder: str, place: int) -> str:
        with self._get(f"{self._base}{folder}.json", auth=True) as answer:
            _check(answer)
            sids = [str(item.get("sid")) for item in answer.json().get("media_list", [])]
        if place >= len(sids) or not re.fullmatch(r"ME[0-9a-f]{32}", sids[place]):
            raise SendError("404", retryable=False)
        return sids[place]

    @contextmanager
    def _opened(self, url: str) -> Iterator[requests.Response]:
        with self._get(url, auth=True) as answer:
            if answer.status_code not in _REDIRECTS:
                _check(answer)
                yield answer
                return
            target = urljoin(url, answer.headers.get("Location", ""))
        if not self._is_twilios(target):
            raise SendError("redirect", retryable=True)
        with self._get(target, auth=False) as answer:
            _check(answer)
            yield answer

    def _is_twilios(self, url: str) -> bool:
        to, base = urlsplit(url), urlsplit(self._base)
        if (to.scheme, to.netloc) == (base.scheme, base.netloc):
            return True
        host = to.hostname or ""
        return to.scheme == "https" and (
            host.endswith(_FILE_SERVERS) or (host == _BUCKETS[0] and to.path.startswith(_BUCKETS[1]))
        )

    def _get(self, url: str, *, auth: bool) -> requests.Response:
        return self._session.get(
            url, auth=self._auth if auth else None, stream=True, allow_redirects=False, timeout=TIMEOUT_SECONDS
        )

    def _pieces(self, answer: requests.Response) -> Iterator[bytes]:
        end = time.monotonic() + _WHOLE_SECONDS
        for piece in answer.iter_content(_CHUNK):
            self._on_answer()
            if time.monotonic() > end:
                raise SendError("timeout", retryable=True)
            yield piece


def _check(answer: requests.Response) -> None:
    status = answer.status_code
    if status != requests.codes.ok:
        raise SendError(str(status), retryable=status == requests.codes.too_many or status >= 500)
