"""What each process is told, and what it refuses to be told."""

from __future__ import annotations

import stat
from pathlib import Path

import pytest
import requests

from gateway.core.errors import SettingsRefused
from gateway.front import environment, places, valkey
from gateway.front.places import Place, Var


@pytest.fixture
def var(tmp_path: Path) -> Var:
    return Var(tmp_path)


def test_write_is_for_the_owner_alone_and_reads_back(var: Var) -> None:
    values = {"DATABASE_URL": "sqlite:///x=y.db", "TWILIO_ACCOUNT_SID": "AC1"}
    environment.write(var.env("intake"), values)
    assert environment.read(var.env("intake")) == values
    assert stat.S_IMODE(var.env("intake").stat().st_mode) == 0o600


def test_read_passes_over_comments_and_blank_lines(tmp_path: Path) -> None:
    path = tmp_path / "some.env"
    path.write_text("# a comment\n\nLOG_LEVEL = DEBUG\n")
    assert environment.read(path) == {"LOG_LEVEL": "DEBUG"}


def test_read_names_the_line_at_fault_and_not_its_content(tmp_path: Path) -> None:
    path = tmp_path / "some.env"
    path.write_text("LOG_LEVEL=INFO\nhunter2\n")
    with pytest.raises(SettingsRefused, match="Line 2") as caught:
        environment.read(path)
    assert "hunter2" not in str(caught.value)


def test_of_process_prefers_the_real_environment_to_the_file_to_the_default(var: Var) -> None:
    environment.write(var.env("clock"), {"DATABASE_URL": "sqlite:///file.db", "LOG_LEVEL": "ERROR"})
    told = environment.of_process("clock", var, {"LOG_LEVEL": "DEBUG", "DATABASE_URL": ""})
    assert told["LOG_LEVEL"] == "DEBUG"
    assert told["DATABASE_URL"] == "sqlite:///file.db"
    assert told["REDIS_URL"] == valkey.url(var)
    assert told["TIPLINE_KEYS_DIR"] == str(var.keys)


def test_load_puts_ports_into_urls(var: Var) -> None:
    settings = environment.load("clock", var, {"TIPLINE_INTAKE_PORT": "18000", "TIPLINE_CONSOLE_PORT": "18001"})
    assert settings.public_url == "http://127.0.0.1:18000"
    assert settings.console_url == "http://127.0.0.1:18001"


@pytest.mark.parametrize(
    ("process", "secret"),
    [
        ("console", "TWILIO_AUTH_TOKEN"),
        ("clock", "TWILIO_API_SECRET"),
        ("worker", "TWILIO_API_SECRET"),
        ("courier", "TWILIO_PAGING_API_SECRET"),
        ("intake", "TWILIO_API_SECRET"),
    ],
)
def test_load_refuses_a_secret_that_is_anothers(var: Var, process: str, secret: str) -> None:
    with pytest.raises(SettingsRefused, match=secret) as caught:
        environment.load(process, var, {secret: "hunter2"})
    assert "hunter2" not in str(caught.value)


def test_of_children_refuses_secrets_that_all_would_share() -> None:
    with pytest.raises(SettingsRefused, match="TWILIO_AUTH_TOKEN") as caught:
        environment.of_children({"TWILIO_AUTH_TOKEN": "hunter2", "PATH": "/bin"}, only_files=False)
    assert "hunter2" not in str(caught.value)


def test_of_children_of_the_demo_leaves_real_systems_aside() -> None:
    environ = {
        "TWILIO_AUTH_TOKEN": "hunter2", "DATABASE_URL": "postgresql:///real", "REDIS_URL": "redis://real",
        "PATH": "/bin", "TIPLINE_INTAKE_PORT": "18000", "LOG_LEVEL": "DEBUG",
    }  # fmt: skip
    told = environment.of_children(environ, only_files=True)
    assert {name: value for name, value in told.items() if name.lower() != "no_proxy"} == {
        "PATH": "/bin", "TIPLINE_INTAKE_PORT": "18000", "LOG_LEVEL": "DEBUG",
    }  # fmt: skip


@pytest.mark.parametrize("only_files", [True, False], ids=["demo", "up"])
@pytest.mark.parametrize("name", ["NO_PROXY", "no_proxy"])
def test_of_children_keeps_what_is_on_this_machine_from_every_proxy(
    monkeypatch: pytest.MonkeyPatch, only_files: bool, name: str
) -> None:
    told = environment.of_children(
        {"https_proxy": "http://proxy:3128", "http_proxy": "http://proxy:3128", name: "a.example"},
        only_files=only_files,
    )
    for variable in ("http_proxy", "HTTP_PROXY", "no_proxy", "NO_PROXY"):
        monkeypatch.delenv(variable, raising=False)
    for variable, value in told.items():
        monkeypatch.setenv(variable, value)
    assert requests.utils.should_bypass_proxies("http://127.0.0.1:8002", None)
    assert requests.utils.should_bypass_proxies("http://a.example", None)
    assert not requests.utils.should_bypass_proxies("https://api.twilio.com", None)


@pytest.mark.parametrize("given", ["eighty", "0", "65536", "-1", "٨٠٠٠"])
def test_port_refuses_what_is_no_port(given: str) -> None:
    with pytest.raises(SettingsRefused, match="TIPLINE_CONSOLE_PORT"):
        places.port("console", {"TIPLINE_CONSOLE_PORT": given})


def test_locate_is_absolute_and_obeys_the_variable(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    assert places.locate({}).root == tmp_path / "var"
    assert places.locate({"TIPLINE_VAR": "/elsewhere"}).root == Path("/elsewhere")


def test_place_notes_and_takes_back_that_it_is_ready(var: Var) -> None:
    place = Place("clock", var, {})
    place.note_ready()
    assert var.ready("clock").read_text().strip().isdigit()
    place.clear()
    assert not var.ready("clock").exists()


def test_valkey_keeps_a_password_where_it_must_listen_on_loopback(tmp_path: Path) -> None:
    var = Var(tmp_path / ("long" * 30))
    valkey.prepare(var)
    first = valkey.url(var)
    assert first.startswith("redis://:")
    password = first.split("@")[0].removeprefix("redis://:")
    config = var.valkey / "valkey.conf"
    assert f"requirepass {password}" in config.read_text()
    assert stat.S_IMODE(config.stat().st_mode) == 0o600
    valkey.prepare(var)
    assert valkey.url(var) == first, "where it listens is chosen once"
    assert f"requirepass {password}" in config.read_text()


def test_valkey_listens_on_no_port_where_a_socket_will_do(tmp_path: Path) -> None:
    var = Var(tmp_path)
    assert valkey.url(var).startswith("unix:///")
    valkey.prepare(var)
    assert "port 0\n" in (var.valkey / "valkey.conf").read_text()
