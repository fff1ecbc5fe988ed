"""Starts the judges and what they judge. None of the judges is ours; `npm ci` brings them (`make conformance`)."""

import json
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest

HERE = Path(__file__).parent
MODULES = HERE / "node_modules"
OPENAPI = MODULES / "@twilio/cli-core/src/services/twilio-api/twilio_api_v2010.json"
START_SECONDS = 60.0


@dataclass(frozen=True)
class Phones:
    """The stand-in for Twilio, running: one account, one line of ours, one phone to text."""

    url: str
    account_sid: str
    api_key: str
    api_secret: str
    line: str
    phone: str


@pytest.fixture(scope="session", autouse=True)
def judges() -> None:
    """Fail, rather than skip, when the judges are not installed: a silent judge is no judge."""
    if shutil.which("node") is None or not MODULES.is_dir():
        pytest.fail("The judges are not installed. Run `make conformance`; it wants node >= 20.")


@pytest.fixture(scope="session")
def phones(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Phones]:
    """Start the stand-in as its own process."""
    folder, port = tmp_path_factory.mktemp("phones"), free_port()
    known = Phones(
        f"http://127.0.0.1:{port}", "AC" + "a1" * 16, "SK" + "b2" * 16, "c3" * 16, "+17205550100", "+13035550123"
    )
    line = {
        "number": known.line,
        "account_sid": known.account_sid,
        "label": "Tip line",
        "webhook_url": f"http://127.0.0.1:{free_port()}/sms/inbound",
    }
    account = {
        "sid": known.account_sid,
        "auth_token": "d4" * 16,
        "api_key_sid": known.api_key,
        "api_key_secret": known.api_secret,
        "name": "reporters",
    }
    config = folder / "config.json"
    config.write_text(
        json.dumps({"store": str(folder / "phones.sqlite3"), "accounts": [account], "lines": [line]}), "utf-8"
    )
    with running([sys.executable, "-m", "channels.phone", "--port", str(port), "--config", str(config)], port, folder):
        yield known


@pytest.fixture(scope="session")
def prism(phones: Phones, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Put the validating proxy in front of the stand-in: 422 for a bad request, 500 for a bad answer."""
    port, folder = free_port(), tmp_path_factory.mktemp("prism")
    openapi = folder / "twilio_api_v2010.json"
    openapi.write_text(json.dumps(amend(json.loads(OPENAPI.read_text("utf-8")))), "utf-8")
    command = [
        str(MODULES / ".bin/prism"),
        "proxy",
        "--errors",
        "-h",
        "127.0.0.1",
        "-p",
        str(port),
        str(openapi),
        phones.url,
    ]
    with running(command, port, folder):
        yield f"http://127.0.0.1:{port}"


def amend(node: object, *, answer: bool = False) -> object:
    """Let URLs in answers be relative or empty, as they are in the file's own examples and in its own client's paging.

    Nothing else of the specification is touched; URLs in requests, which stand in `paths`, stay absolute.
    """
    if isinstance(node, list):
        return [amend(item, answer=answer) for item in node]
    if not isinstance(node, dict):
        return node
    amended = {name: amend(item, answer=answer or name in {"responses", "schemas"}) for name, item in node.items()}
    if answer and amended.get("format") == "uri":
        amended["format"] = "uri-reference"
    return amended


def ask_node(script: str, *arguments: str, lines: Sequence[str] = ()) -> dict[str, object]:
    """Run one of the scripts beside this file, `lines` on its input; it answers one JSON object on its output."""
    done = subprocess.run(
        ["node", str(HERE / script), *arguments],
        input="\n".join(lines),
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    answer = json.loads(done.stdout)
    assert isinstance(answer, dict)
    return answer


def free_port() -> int:
    """Ask the system for a port that nothing listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


@contextmanager
def running(command: Sequence[str], port: int, folder: Path, environ: dict[str, str] | None = None) -> Iterator[None]:
    """Run a process until the block ends; enter the block when its port answers."""
    log = folder / "log.txt"
    with log.open("wb") as output, subprocess.Popen(command, stdout=output, stderr=output) as process:
        try:
            deadline = time.monotonic() + START_SECONDS
            while not listens(port):
                assert process.poll() is None, f"{command[0]} ended at its start:\n{log.read_text()}"
                assert time.monotonic() < deadline, f"{command[0]} did not listen within {START_SECONDS} s"
            yield
        finally:
            process.terminate()


def listens(port: int) -> bool:
    """Say whether something on loopback accepts connections at a port; waits up to a tenth of a second."""
    try:
        socket.create_connection(("127.0.0.1", port), timeout=0.1).close()
    except OSError:
        time.sleep(0.05)  # between two looks at the condition
        return False
    return True
