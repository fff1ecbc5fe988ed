"""A carrier on a real port, a product that records what reaches it, and the real twilio client between them."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
import uvicorn
from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route
from twilio.http.http_client import TwilioHttpClient
from twilio.http.response import Response as TwilioResponse
from twilio.rest import Client
from twilio.rest.api.v2010.account.message import MessageInstance

from channels.phone import app
from channels.phone.config import Account, Line, PhoneConfig, SharedKey

STUDENT = "+13035550123"
RESPONDER = "+13035550161"
TIP_LINE = "+17205550100"
OTHER_LINE = "+17205550101"
PAGING_LINE = "+17205550199"
REPORTERS = Account("AC" + "a" * 32, "token-a", "SK" + "a" * 32, "secret-a", "reporters", None, "MG" + "a" * 32)
PAGING = Account(
    "AC" + "b" * 32, "token-b", name="paging", shared_key=SharedKey("webhooks_sharedkey_1", "shared-secret")
)
PATIENCE_SECONDS = 10.0


def wait_for(condition: Callable[[], Any]) -> Any:
    """Wait until a condition gives something true, and give that."""
    deadline = time.monotonic() + PATIENCE_SECONDS
    while not (found := condition()):
        assert time.monotonic() < deadline, "waited in vain"
        threading.Event().wait(0.01)
    return found


@contextmanager
def serve(application: Starlette) -> Iterator[str]:
    """Serve an app on a free port of loopback; yields its base URL."""
    config = uvicorn.Config(application, port=0, log_level="error", ws="none", timeout_graceful_shutdown=1)
    server = uvicorn.Server(config)
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    wait_for(lambda: server.started)
    try:
        yield f"http://127.0.0.1:{server.servers[0].sockets[0].getsockname()[1]}"
    finally:
        server.should_exit = True
        thread.join()


@dataclass
class Call:
    """One webhook that reached the product."""

    path: str
    url: str
    params: dict[str, str]
    headers: dict[str, str]


@dataclass
class Product:
    """Stands where Tipline would: records webhooks, and answers as a test says."""

    calls: list[Call] = field(default_factory=list)
    answers: list[Response | Callable[[], Response]] = field(default_factory=list)
    url: str = ""

    async def hear(self, request: Request) -> Response:
        """Record a webhook and answer it: the next prepared answer, else an empty TwiML."""
        async with request.form() as form:
            params = {name: str(value) for name, value in form.multi_items()}
        self.calls.append(Call(request.url.path, str(request.url), params, dict(request.headers)))
        answer = self.answers.pop(0) if self.answers else Response("<Response/>", media_type="text/xml")
        return answer if isinstance(answer, Response) else await run_in_threadpool(answer)

    def app(self) -> Starlette:
        """Make its app: every path is a webhook."""
        return Starlette(routes=[Route("/{path:path}", self.hear, methods=["POST"])])

    def statuses(self, sid: str) -> list[str]:
        """List the delivery news heard of a message, in the order heard."""
        return [
            call.params["MessageStatus"]
            for call in self.calls
            if call.params.get("MessageSid") == sid and "MessageStatus" in call.params
        ]


class ElsewhereClient(TwilioHttpClient):
    """The twilio client's own HTTP client, with another base URL."""

    def __init__(self, base_url: str, timeout: float | None = None) -> None:
        super().__init__(timeout=timeout)
        self.base_url = base_url

    def request(self, *args: Any, **kwargs: Any) -> TwilioResponse:
        method, url, *rest = args
        return super().request(method, url.replace("https://api.twilio.com", self.base_url, 1), *rest, **kwargs)


def status_of(message: MessageInstance) -> str:
    """Give the status as the plain string that it is; the client's types call it an enum."""
    return str(message.status)


@dataclass
class Carrier:
    """A running stand-in, and ways to reach it."""

    url: str
    http: httpx.Client

    @contextmanager
    def client(
        self, account: Account = REPORTERS, timeout: float | None = None, key: tuple[str, str] | None = None
    ) -> Iterator[Client]:
        """Give the real twilio client, signed in as an account."""
        elsewhere = ElsewhereClient(self.url, timeout)
        user, password = key or (account.sid, account.auth_token)
        try:
            yield Client(user, password, account.sid, http_client=elsewhere)
        finally:
            if elsewhere.session is not None:
                elsewhere.session.close()

    def text(self, body: str, to: str = TIP_LINE, phone: str = STUDENT, **more: Any) -> dict[str, Any]:
        """Type a text on a phone."""
        response = self.http.post(f"/phones/{phone}/messages", json={"to": to, "body": body, **more})
        assert response.status_code == 200, response.text
        receipt: dict[str, Any] = response.json()
        return receipt

    def screen(self, phone: str = STUDENT) -> list[dict[str, str]]:
        """Read what a phone shows."""
        messages: list[dict[str, str]] = self.http.get(f"/phones/{phone}/messages").json()["messages"]
        return messages

    def control(self, **settings: Any) -> None:
        """Set faults."""
        response = self.http.post("/control", json=settings)
        assert response.status_code == 200, response.text

    def alerts(self) -> list[int]:
        """List the codes in the carrier's log, newest first."""
        return [alert["code"] for alert in self.http.get("/control").json()["alerts"]]


def make_config(store: Path, product_url: str, **more: Any) -> PhoneConfig:
    """Make a config whose lines post to a product."""
    hook = f"{product_url}/sms/inbound"
    return PhoneConfig(
        store=store,
        accounts=(REPORTERS, PAGING),
        lines=(
            Line(TIP_LINE, REPORTERS.sid, "Lincoln High tip line", f"{hook}?line=1#rc=2&rp=5xx"),
            Line(OTHER_LINE, REPORTERS.sid, "Roosevelt Middle tip line", hook, f"{product_url}/fallback"),
            Line(PAGING_LINE, PAGING.sid, "On-call pages", hook),
        ),
        step_seconds=0.0,
        **more,
    )


@contextmanager
def run_carrier(config: PhoneConfig) -> Iterator[Carrier]:
    """Run a stand-in."""
    with serve(app.create(config)) as url, httpx.Client(base_url=url, trust_env=False, timeout=20) as http:
        yield Carrier(url, http)
