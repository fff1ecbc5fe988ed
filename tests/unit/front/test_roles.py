"""The table of rights: complete, and the rules that it must keep."""

from __future__ import annotations

import pytest

from gateway.front.roles import drift, granting
from gateway.front.roles.rights import columns
from gateway.front.roles.table import ROLES, SEQUENCES, TABLE

SEALED_FOR = {
    "tokens.address_sealed": {"courier"},
    "threads.address_sealed": {"courier"},
    "messages.address_sealed": {"courier"},
    "messages.media_sealed": {"courier"},
    "messages.words_sealed": {"worker", "console"},
    "sends.body_sealed": {"courier", "worker"},
    "copies.words_sealed": {"intake"},
    "case_assessments.detail_sealed": {"worker", "console"},
    "unmaskings.detail_sealed": {"worker", "console"},
    "likenesses.detail_sealed": {"worker", "console"},
    "notes.words_sealed": {"worker", "console"},
    "alerts.draft_sealed": {"worker", "console"},
    "alert_targets.secret_sealed": {"worker"},
    "rule_packs.words_sealed": {"worker", "console"},
    "attachments.original_key_sealed": {"worker"},
    "subscription_secrets.secret_sealed": {"worker"},
    "attachments.clean_key_sealed": {"worker", "console"},
}
"""Who may fetch what is sealed: those who hold the key to it; of a copy intake, to whom a receipt brings the key."""
LOG = ("events", "log_seals", "log_notes")


def may(kind: str, on: str) -> set[str]:
    return {role.removeprefix("tipline_") for role, has, what in drift.declared() if (has, what) == (kind, on)}


def test_every_table_has_a_line() -> None:
    without = [name for name in granting.tables() if name not in TABLE]
    assert without == [], "say in gateway/front/roles/table.py who may do what with them"


def test_every_line_has_a_table() -> None:
    assert [name for name in TABLE if name not in granting.tables()] == []


def test_every_line_is_of_a_known_role() -> None:
    named = {role for rights in (*TABLE.values(), *SEQUENCES.values()) for role in rights}
    assert named == set(ROLES)


@pytest.mark.parametrize(
    "column",
    [f"{table}.{name}" for table, there in granting.tables().items() for name in there if name.endswith("_sealed")],
)
def test_what_is_sealed_is_read_by_those_alone_who_can_open_it(column: str) -> None:
    assert may("SELECT", column) == SEALED_FOR[column]


@pytest.mark.parametrize("column", ["tokens.id", "tokens.blind_index", "tokens.thread_id", "tokens.opted_out_at"])
def test_tokens_are_the_couriers_alone(column: str) -> None:
    assert may("SELECT", column) == may("INSERT", column) == {"courier"}


@pytest.mark.parametrize("table", LOG)
def test_nobody_changes_the_event_log_and_the_clock_alone_takes_off_what_it_signs_for(table: str) -> None:
    assert [one for one in drift.declared() if one[1] == "UPDATE" and one[2].startswith(f"{table}.")] == []
    assert may("DELETE", table) == (set() if table == "log_notes" else {"clock"})


def test_intake_reads_of_a_message_whether_it_is_known_and_no_more() -> None:
    read = {on for role, kind, on in drift.declared() if (role, kind) == ("tipline_intake", "SELECT")}
    assert {on for on in read if on.startswith("messages.")} == {
        "messages.id", "messages.channel", "messages.provider_sid",
    }  # fmt: skip


def test_passwords_of_staff_are_for_the_console_alone() -> None:
    assert may("SELECT", "accounts.password_phc") == {"console"}


def test_script_is_one_transaction_that_takes_back_before_it_gives() -> None:
    lines = granting.script().splitlines()
    assert (lines[0], lines[-1]) == ("BEGIN;", "COMMIT;")
    kinds = [line.split()[0] for line in lines[1:-1]]
    assert kinds == sorted(kinds, key=["DO", "REVOKE", "GRANT"].index)
    assert "PASSWORD" not in granting.script()


@pytest.mark.parametrize(
    ("said", "meant"),
    [("", []), ("*", ["a", "b", "c"]), ("* -b", ["a", "c"]), ("c a", ["a", "c"])],
    ids=["none", "all", "all but one", "named"],
)
def test_columns_lists_what_is_meant(said: str, meant: list[str]) -> None:
    assert columns(said, ["a", "b", "c"]) == meant


@pytest.mark.parametrize("said", ["d", "* -d"])
def test_columns_refuses_what_is_not_there(said: str) -> None:
    with pytest.raises(ValueError, match="no column d"):
        columns(said, ["a", "b"])
