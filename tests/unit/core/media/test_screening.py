"""The scanner is asked by clamd's protocol over real sockets; whatever its day is like, there is a verdict in time."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from gateway.core.errors import SettingsRefused, Unavailable
from gateway.core.media import screening
from gateway.core.media.screening import Scanner, Verdict
from gateway.core.settings import load
from tests.support.clamd import EICAR, VERSION, Clamd, running


@pytest.fixture(params=["unix", "tcp"])
def served(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[tuple[str, Clamd]]:
    with running(tmp_path / "clamd.ctl" if request.param == "unix" else None) as found:
        yield found


@pytest.fixture
def hasty(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(screening, "_LOOK_SECONDS", 0.02)


def test_a_file_comes_to_it_whole_and_its_verdict_is_heard(served: tuple[str, Clamd]) -> None:
    url, daemon = served
    beats: list[int] = []
    scanner = Scanner(url, lambda: beats.append(1))
    large = os.urandom(3 << 20)
    chunks = [large[start : start + 65536] for start in range(0, len(large), 65536)]
    assert scanner.screen(iter([b"", *chunks, b""])) is Verdict.CLEAN
    assert daemon.seen == [large]
    assert beats, "whoever waits for the worker is told that it lives"
    assert scanner.screen([b"some words, then ", EICAR[:20], EICAR[20:]]) is Verdict.INFECTED
    assert scanner.screen([]) is Verdict.CLEAN
    assert scanner.version() == VERSION


def test_what_is_too_large_for_it_is_unknown_though_it_hangs_up(served: tuple[str, Clamd]) -> None:
    url, daemon = served
    daemon.most_bytes = 1000
    assert Scanner(url).screen(iter([os.urandom(65536)] * 200)) in {Verdict.UNKNOWN, Verdict.AWAY}
    assert Scanner(url).screen([b"x" * 1001]) is Verdict.UNKNOWN
    assert Scanner(url).screen([b"x" * 1000]) is Verdict.CLEAN


@pytest.mark.usefixtures("hasty")
@pytest.mark.parametrize("mood", ["silent", "deaf", "gone", "babbling", "cut"])
def test_one_that_does_not_answer_as_it_should_is_away_and_left_alone_for_a_while(
    served: tuple[str, Clamd], mood: str
) -> None:
    url, daemon = served
    daemon.mood, now = mood, [100.0]

    def monotonic() -> float:
        now[0] += 0.5  # Each look takes half a second.
        return now[0]

    scanner = Scanner(url, seconds=5.0, monotonic=monotonic)
    large = [bytes(65536)] * 160  # more than a socket holds
    assert scanner.screen(large) is Verdict.AWAY
    calls = daemon.calls
    assert scanner.screen(large) is Verdict.AWAY
    assert daemon.calls == calls, "it is left alone"
    daemon.mood = "well"
    now[0] += 60
    assert scanner.screen([b"x"]) is Verdict.CLEAN


@pytest.mark.parametrize("url", ["unix:///nowhere/clamd.ctl", "tcp://127.0.0.1:9"])
def test_one_that_is_not_there_is_away(url: str) -> None:
    assert Scanner(url).screen([b"x"]) is Verdict.AWAY
    assert Scanner(url).version() is None


def test_a_store_that_fails_meanwhile_is_not_the_scanner_s_fault(served: tuple[str, Clamd]) -> None:
    def failing() -> Iterator[bytes]:
        yield b"x"
        raise Unavailable

    scanner = Scanner(served[0])
    with pytest.raises(Unavailable):
        scanner.screen(failing())
    assert scanner.screen([b"x"]) is Verdict.CLEAN


def told(url: str) -> str | None:
    given = {"DATABASE_URL": "sqlite://", "REDIS_URL": "redis://x", "TIPLINE_KEYS_DIR": "/k", "TIPLINE_CLAMD_URL": url}
    return load("clock", given).clamd_url


def test_files_in_the_clear_never_cross_a_network() -> None:
    for url in ("unix:///run/clamav/clamd.ctl", "tcp://127.0.0.1:3310", "tcp://[::1]:3310", "tcp://localhost"):
        assert told(url) == url
    for url in ("tcp://scanner.example.org:3310", "tcp://10.0.0.7", "unix://clamd.ctl", "http://127.0.0.1", "clamd"):
        with pytest.raises(SettingsRefused, match="TIPLINE_CLAMD_URL"):
            told(url)
