"""`tipline sources` lets other systems in, lists them and shuts them out; of a token only a hash is kept."""

from __future__ import annotations

import base64
import json

import pytest
from sqlalchemy import select

from gateway.core import systems
from gateway.core.database import Database
from gateway.core.records import Event, Source
from gateway.front import cli
from gateway.front.places import Var

PUBLIC = "whpk_" + base64.b64encode(bytes(range(32))).decode()


@pytest.fixture(autouse=True)
def here(var: Var, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TIPLINE_VAR", str(var.root))


def told(capsys: pytest.CaptureFixture[str], *words: str) -> object:
    assert cli.main(["sources", *words, "--json"]) == 0
    return json.loads(capsys.readouterr().out)


def test_a_system_is_let_in_listed_and_shut_out(var: Var, capsys: pytest.CaptureFixture[str]) -> None:
    made = told(capsys, "add", "demo", "Front desk", "--school", "lincoln")
    signs = told(capsys, "add", "demo", "Social media", "--public-key", PUBLIC)
    assert isinstance(made, dict)
    assert isinstance(signs, dict)
    assert signs["token"] is None
    rows = [
        {"district": "demo", "name": "Front desk", "signs": False, "address": made["address"]},
        {"district": "demo", "name": "Social media", "signs": True, "address": signs["address"]},
    ]
    assert told(capsys) == told(capsys, "list") == rows
    database = Database(f"sqlite:///{var.database}")
    with database.read() as session:
        kept = session.scalars(select(Source).order_by(Source.name)).all()
        events = session.scalars(select(Event).where(Event.type == "org.tipline.source.added")).all()
    database.close()
    assert [one.token_hash for one in kept] == [systems.hash_of(made["token"]), None]
    assert [one.public_key for one in kept] == [None, bytes(range(32))]
    assert kept[0].school_id is not None
    assert made["token"].encode() not in var.database.read_bytes()
    assert [one.data for one in events] == [{"signs": False}, {"signs": True}]
    assert told(capsys, "remove", "demo", "Front desk") == {"removed": "Front desk"}
    assert told(capsys) == rows[1:]


@pytest.mark.parametrize(
    ("words", "complaint"),
    [
        (("add", "nowhere", "x"), "no such district"),
        (("add", "demo", "x", "--school", "nowhere"), "no such school"),
        (("add", "demo", " "), "up to 60 characters"),
        (("add", "demo", "x" * 61), "up to 60 characters"),
        (("add", "demo", "x", "--public-key", "whpk_AAAA"), "Ed25519 key of 32 bytes"),
        (("add", "demo", "x", "--public-key", "whsec_!"), "Ed25519 key of 32 bytes"),
        (("remove", "demo", "x"), "no system of that name"),
    ],
    ids=["district", "school", "empty", "long", "short key", "no key", "unknown"],
)
def test_nonsense_is_refused_in_one_sentence(
    words: tuple[str, ...], complaint: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert cli.main(["sources", *words]) == 2
    assert complaint in capsys.readouterr().err
    assert told(capsys) == []


def test_a_name_is_given_once(capsys: pytest.CaptureFixture[str]) -> None:
    told(capsys, "add", "demo", "Front desk")
    assert cli.main(["sources", "add", "demo", "Front desk"]) == 2
    assert "a system of that name" in capsys.readouterr().err
