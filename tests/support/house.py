"""The whole house on real processes, as `make run` starts it, and the hands that a test needs: phones, console, API."""

from __future__ import annotations

import os
import re
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeVar

import httpx

ROOT = Path(__file__).parents[2]
PATIENCE_SECONDS = 60.0
LINCOLN, CEDAR, PAGING = "+13035550100", "+13035550101", "+13035550110"
DANA, MARCUS, RILEY = "+13035550161", "+13035550162", "+13035550163"

Found = TypeVar("Found")


def until(look: Callable[[], Found | None], what: str, seconds: float = PATIENCE_SECONDS) -> Found:
    """Look again and again until there is something, and give that."""
    deadline = time.monotonic() + seconds
    while not (found := look()):
        assert time.monotonic() < deadline, f"waited in vain for {what}"
        threading.Event().wait(0.05)
    return found


def free_ports(count: int) -> list[int]:
    """Find ports that nobody listens on."""
    held = [socket.socket() for _ in range(count)]
    for one in held:
        one.bind(("127.0.0.1", 0))
    ports = [int(one.getsockname()[1]) for one in held]
    for one in held:
        one.close()
    return ports


@dataclass
class House:
    """A running demo. Everything it answers a test is kept in `seen`, so that leaks can be looked for afterwards."""

    var: Path
    environ: dict[str, str]
    phones_url: str
    console_url: str
    public_url: str
    password: str = ""
    seen: list[bytes] = field(default_factory=list)

    def text(self, sender: str, words: str, to: str = LINCOLN, **more: Any) -> dict[str, Any]:
        """Text a line from a phone; the answer is what the carrier made of it."""
        data = {"to": to, "body": words, **more}
        answer = httpx.post(f"{self.phones_url}/phones/{sender}/messages", json=data, timeout=30)
        answer.raise_for_status()
        sent: dict[str, Any] = answer.json()
        return sent

    def screen(self, number: str) -> list[dict[str, Any]]:
        """Look at a phone: its messages, oldest first."""
        answer = httpx.get(f"{self.phones_url}/phones/{number}/messages", timeout=30)
        messages: list[dict[str, Any]] = answer.raise_for_status().json()["messages"]
        return messages

    def received(self, number: str) -> list[str]:
        """List the texts that have reached a phone."""
        return [message["body"] for message in self.screen(number) if message["direction"] == "received"]

    def tipline(self, *arguments: str, stdin: str = "", check: bool = True) -> str:
        """Run a `tipline` command as an operator would; the answer is what it printed."""
        done = subprocess.run(
            [sys.executable, "-m", "gateway.front", *arguments],
            input=stdin, capture_output=True, text=True, cwd=ROOT, env=self.environ, check=False, timeout=120,
        )  # fmt: skip
        self.seen.append((done.stdout + done.stderr).encode())
        assert not check or done.returncode == 0, done.stderr
        return done.stdout

    @contextmanager
    def browser(self, username: str = "dana") -> Iterator[httpx.Client]:
        """Sign in to the console as a browser without JavaScript would."""
        with httpx.Client(base_url=self.console_url, follow_redirects=True, timeout=30) as client:
            client.event_hooks["response"] = [self._keep]
            form = {"username": username, "password": self.password, "csrf": hidden(client.get("/").text)}
            answer = client.post("/sign-in", data=form, headers={"Origin": self.console_url})
            assert answer.status_code == 200, answer.text
            yield client

    def graphql(self, token: str, query: str, **variables: Any) -> Any:
        """Ask the API with a bearer token. Raises: AssertionError when it answers anything but data."""
        answer = httpx.post(
            f"{self.console_url}/graphql",
            json={"query": query, "variables": variables},
            headers={"Authorization": f"Bearer {token}"},
            timeout=30,
        )
        self._keep(answer)
        body = answer.json()
        assert "errors" not in body, body
        assert "data" in body, body  # A problem (RFC 9457) while the database is away, say.
        return body["data"]

    def _keep(self, response: httpx.Response) -> None:
        response.read()
        self.seen.append(str(response.url).encode() + repr(response.headers).encode() + response.content)


def hidden(html: str, name: str = "csrf") -> str:
    """Read a hidden field of a form."""
    field_of = re.search(rf'name="{name}"[^>]*value="([^"]*)"', html)
    return field_of[1] if field_of else ""


@contextmanager
def running(var: Path, *arguments: str) -> Iterator[House]:
    """Start the demo with its data in `var`, wait until it says that it runs, and stop it as Ctrl-C does."""
    intake, console, phones = free_ports(3)
    environ = {
        **{name: value for name, value in os.environ.items() if not name.startswith(("TIPLINE_", "TWILIO_"))},
        "TIPLINE_VAR": str(var),
        "TIPLINE_INTAKE_PORT": str(intake),
        "TIPLINE_CONSOLE_PORT": str(console),
        "TIPLINE_PHONES_PORT": str(phones),
        "TIPLINE_ALLOWED_HOSTS": "127.0.0.1",  # receivers of events that a test runs
    }
    house = House(
        var, environ, f"http://127.0.0.1:{phones}", f"http://127.0.0.1:{console}", f"http://127.0.0.1:{intake}"
    )
    process = subprocess.Popen(
        [sys.executable, "-u", "-m", "gateway.front", "demo", *arguments],
        stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, cwd=ROOT, env=environ, start_new_session=True,
    )  # fmt: skip
    printed: list[str] = []
    reader = threading.Thread(
        target=lambda: printed.extend(iter(process.stdout.readline, "")) if process.stdout else None
    )
    reader.start()
    try:
        said = until(lambda: re.search(r"sign in: dana / (\S+)", "".join(printed)), f"the demo in {var}", 120)
        house.password = said[1]
        yield house
    finally:
        process.send_signal(signal.SIGINT)
        process.wait(timeout=60)
        reader.join()
        if process.stdout:
            process.stdout.close()


def alive(var: Path) -> list[str]:
    """List the processes that still run from a `var` folder, by their command lines."""
    found = []
    for path in Path("/proc").glob("[0-9]*/environ"):
        try:
            if f"TIPLINE_VAR={var}\0".encode() in path.read_bytes():
                found.append((path.parent / "cmdline").read_bytes().replace(b"\0", b" ").decode())
        except OSError:
            continue
    return found
