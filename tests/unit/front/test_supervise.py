"""What the supervisor is told, and what is refused before it starts."""

from __future__ import annotations

import configparser
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from gateway.core.errors import SettingsRefused, Unavailable
from gateway.front import supervise
from gateway.front.places import NAMES, Place, Var
from gateway.front.supervise import Hopes, Watch


def _parsed(var: Var, commands: dict[str, str]) -> configparser.RawConfigParser:
    parser = configparser.RawConfigParser()
    parser.read_string(supervise.render(var, commands))
    return parser


def test_procfile_names_every_process() -> None:
    assert tuple(supervise.read_procfile()) == NAMES


def test_procfile_refuses_a_line_without_a_command(tmp_path: Path) -> None:
    path = tmp_path / "Procfile"
    path.write_text("# all of it\nintake tipline run intake\n")
    with pytest.raises(SettingsRefused, match="not `name: command`"):
        supervise.read_procfile(path)


def test_render_restarts_what_dies_and_ends_whole_groups(tmp_path: Path) -> None:
    parser = _parsed(Var(tmp_path), supervise.read_procfile())
    for name in NAMES:
        program = parser[f"program:{name}"]
        assert program["autorestart"] == "true"
        assert program["stopasgroup"] == program["killasgroup"] == "true"
        assert program["command"].endswith(f"-m gateway.front run {name}")
        assert program["stdout_logfile"] == str(tmp_path / "log" / f"{name}.log")
    assert parser["group:tipline"]["programs"].split(",") == list(NAMES)


def test_render_opens_no_port_for_the_supervisor(tmp_path: Path) -> None:
    parser = _parsed(Var(tmp_path), supervise.read_procfile())
    assert not [section for section in parser.sections() if "http_server" in section]


def test_render_survives_percent_signs_and_spaces(tmp_path: Path) -> None:
    var = Var(tmp_path / "50% off")
    parser = _parsed(var, {"intake": "tipline run intake 'a b'"})
    assert parser["program:intake"]["stdout_logfile"] == str(var.log("intake")).replace("%", "%%")
    assert parser["program:intake"]["command"].endswith("run intake 'a b'")


def test_check_ports_names_port_process_and_variable(tmp_path: Path) -> None:
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        number = other.getsockname()[1]
        with pytest.raises(SettingsRefused, match=f"Port {number}, meant for console.*TIPLINE_CONSOLE_PORT="):
            supervise.check_ports(["courier", "console"], Var(tmp_path), {"TIPLINE_CONSOLE_PORT": str(number)})


def test_only_one_lets_nobody_else_in(tmp_path: Path) -> None:
    var = Var(tmp_path)
    with supervise.only_one(var), pytest.raises(SettingsRefused, match="already runs"), supervise.only_one(var):
        raise AssertionError("two at once")
    with supervise.only_one(var):
        assert var.lock.exists()


@contextmanager
def _answering(host: str) -> Iterator[int]:
    """Serve 200 to everyone on one address; the value is the port."""

    class Ok(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(200)
            self.end_headers()

        def log_message(self, *_arguments: object) -> None:
            pass

    with ThreadingHTTPServer((host, 0), Ok) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        yield server.server_port
        server.shutdown()
        thread.join()


@pytest.mark.parametrize(
    ("told", "listens"),
    [("127.0.0.2", "127.0.0.2"), ("0.0.0.0", "127.0.0.1"), ("", "127.0.0.1")],  # noqa: S104 - all addresses
)
def test_is_ready_knocks_where_the_process_listens_and_not_through_a_proxy(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, told: str, listens: str
) -> None:
    var = Var(tmp_path)
    for name in ("http_proxy", "HTTP_PROXY", "all_proxy"):
        monkeypatch.setenv(name, "http://127.0.0.1:9")
    Place("intake", var, {}).note_ready()
    with _answering(listens) as port:
        environ = {"TIPLINE_HOST": told, "TIPLINE_INTAKE_PORT": str(port)}
        assert supervise.is_ready("intake", var, environ)


class Told:
    """Keeps what a watch says."""

    def __init__(self, *, gives_up: bool = False) -> None:
        self.ready, self.complaints = 0, list[str]()
        self.hopes = Hopes(self._count, self.complaints.append, gives_up=gives_up)

    def _count(self) -> None:
        self.ready += 1


def test_watch_says_what_is_not_ready_and_goes_on_until_it_is(tmp_path: Path) -> None:
    var, told = Var(tmp_path), Told()
    watch = Watch(var, {}, ["worker", "clock"], told.hopes)
    Place("clock", var, {}).note_ready()
    now = time.monotonic()
    watch.look(now + 1)
    assert told.complaints == []
    for later in (40, 41, 4000):
        watch.look(now + later)
    assert len(told.complaints) == 2, "every half minute, not at every look"
    assert all("worker" in words and "clock" not in words for words in told.complaints)
    Place("worker", var, {}).note_ready()
    watch.look(now + 4001)
    watch.look(now + 9000)
    assert (told.ready, len(told.complaints)) == (1, 2)


@pytest.mark.parametrize("gives_up", [True, False], ids=["demo", "up"])
def test_watch_gives_up_in_the_demo_alone_and_only_on_what_keeps_ending(tmp_path: Path, gives_up: bool) -> None:
    var, told = Var(tmp_path), Told(gives_up=gives_up)
    var.logs.mkdir()
    line = "2026-11-21 19:00:00,000 WARN exited: worker (exit status 2; not expected)\n"
    var.log("supervisord").write_text(line * 9)
    watch = Watch(var, {}, ["worker", "clock"], told.hopes)
    watch.look(time.monotonic() + 4000)
    assert told.complaints, "what an earlier run wrote does not count"
    var.log("supervisord").write_text(line * (9 + supervise.EXITS_TO_GIVE_UP))
    var.log("worker").write_text("it was so\ntipline: worker lacks a key\n")
    if gives_up:
        with pytest.raises(Unavailable, match=r"worker does not come up.*worker lacks a key"):
            watch.look(time.monotonic())
    else:
        watch.look(time.monotonic())
    assert told.ready == 0


def test_render_lets_no_delay_grow(tmp_path: Path) -> None:
    program = _parsed(Var(tmp_path), supervise.read_procfile())["program:worker"]
    assert program["startsecs"] == "0", "the supervisor adds a second for each start that was shorter than this"
