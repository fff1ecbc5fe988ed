"""What the supervisor is told, and what is refused before it starts."""

from __future__ import annotations

import configparser
import socket
from pathlib import Path

import pytest

from gateway.core.errors import SettingsRefused
from gateway.front import supervise
from gateway.front.places import NAMES, Var


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


def test_check_ports_names_port_process_and_variable() -> None:
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        number = other.getsockname()[1]
        with pytest.raises(SettingsRefused, match=f"Port {number}, meant for console.*TIPLINE_CONSOLE_PORT="):
            supervise.check_ports(["courier", "console"], {"TIPLINE_CONSOLE_PORT": str(number)})


def test_only_one_lets_nobody_else_in(tmp_path: Path) -> None:
    var = Var(tmp_path)
    with supervise.only_one(var), pytest.raises(SettingsRefused, match="already runs"), supervise.only_one(var):
        raise AssertionError("two at once")
    with supervise.only_one(var):
        assert var.lock.exists()
