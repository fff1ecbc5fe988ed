"""A whole run is searched: no number of a reporter anywhere, no word of theirs in clear but where staff read it."""

from __future__ import annotations

import re
from collections.abc import Mapping

import pytest

from tests.anonymity.scene import Scene
from tests.support.leaks import within

pytestmark = pytest.mark.e2e


@pytest.mark.parametrize("part", ["database", "valkey", "logs", "backups", "opened_backups", "elsewhere"])
def test_nothing_is_in_what_a_run_leaves(scene: Scene, part: str) -> None:
    where: Mapping[str, bytes] = getattr(scene, part)
    assert any(where.values()), "there is something to search"
    assert scene.found(where) == {}


def test_the_search_heard_what_is_told_to_valkey_and_knows_the_processes(scene: Scene) -> None:
    assert b"gateway.front.jobs.drain" in scene.valkey["spoken"], "a job, inflated"
    assert any(name.startswith("process") for name in scene.elsewhere)
    assert all(b"TIPLINE_VAR" in told for name, told in scene.elsewhere.items() if name.startswith("process"))
    assert any("appendonly" in name for name in scene.valkey)


def test_no_process_would_leave_its_memory_in_a_file(scene: Scene) -> None:
    ours = [n for n, told in scene.elsewhere.items() if n.startswith("process") and b"run\0courier\0" in told]
    assert ours
    for name in ours:
        limits = scene.elsewhere[name.replace("process", "limits")].decode()
        assert re.search(r"Max core file size +0 +0 ", limits)


def test_the_faults_on_purpose_did_happen(scene: Scene) -> None:
    """A webhook nobody signed, a carrier's error that quotes a number, an error nobody foresaw with a form at hand."""
    told = b"".join(scene.answers)
    assert b'"forged"' in told
    assert b"Something went wrong." in told or b"does not answer" in told
    assert b"a request failed" in scene.logs["log/intake.log"]
    assert (b"unforeseen" in scene.logs["log/intake.log"]) is bool(scene.server_log), "only PostgreSQL tells it apart"
    assert [row for row in scene.rows["sends"] if row["error_code"] == "21614"], "the carrier refused a landline"
    assert not scene.server_log or b"ERROR:  relation" in scene.server_log


def test_nothing_is_in_the_log_of_a_database_that_logs_all_it_is_told(scene: Scene) -> None:
    assert scene.found({"log": scene.server_log}) == {}


def test_nothing_is_in_what_the_public_side_answers(scene: Scene) -> None:
    assert len(scene.answers) > 5
    assert scene.found({str(number): answer for number, answer in enumerate(scene.answers)}) == {}


def test_no_number_is_in_what_staff_get_to_see(scene: Scene) -> None:
    shown = {str(number): page for number, page in enumerate(scene.pages)}
    assert any(within("quillfeather", page) for page in scene.pages), "they do see the words"
    assert any(b"tip:CaseExport" in page and within("quillfeather", page) for page in scene.pages), "exported too"
    assert scene.found(shown, words=False) == {}
