"""Files that cannot be taken: the words are taken without them, and the page says so. On both databases, as intake."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import func, select
from starlette.testclient import TestClient
from structlog.testing import capture_logs

from channels.portal import uploads
from channels.portal.files import MOST
from gateway.core.errors import KeyRefused, NotFound, Unavailable
from gateway.core.media.folder import Folder
from gateway.core.media.incoming import Counter
from gateway.core.media.records import Attachment
from gateway.core.records import Message
from gateway.core.times import utc_now
from tests.integration.channels.conftest import LINCOLN
from tests.support import files
from tests.support.came import ONCE, TAKEN, TYPED, lost, noted, on_store, words
from tests.support.multipart import BOUNDARY, CONTENT_TYPE, END, broken_off, field, file, opened
from tests.support.page_forms import Form, receipt_of, tree
from tests.support.world import World


@pytest.fixture
def small(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let no file have more than 20 kB."""
    monkeypatch.setattr("gateway.core.media.kinds.limit", lambda _head: 20_000)


@pytest.mark.usefixtures("small")
def test_a_file_that_is_too_large_loses_no_word_and_no_other_file(
    client: TestClient, world: World, store: Folder
) -> None:
    page = Form.of(client.get(LINCOLN)).send(
        client, files.picture(), bytes(300_000), files.picture("PNG"), text="he has a knife"
    )
    assert page.status_code == 200
    assert "Your words arrived. These files did not." in page.text
    assert lost(page.text) == ["File 2: It is too big. A picture can have up to 16 MB, a film up to 100 MB."]
    assert noted(world) == [("sealed", None), ("refused", "too_large"), ("sealed", None)]
    assert words(world) == ["he has a knife"]
    assert len(on_store(store)) == 2
    talk = Form.of(client.post("/back", data={"receipt": receipt_of(page.text)}))
    answered = talk.send(client, bytes(300_000), text="in the gym")
    assert answered.status_code == 200
    assert lost(answered.text) == ["File 1: It is too big. A picture can have up to 16 MB, a film up to 100 MB."]
    assert "You can add them again below." in answered.text
    assert words(world)[1:] == ["in the gym"]
    assert "Files sent" not in tree(answered.text).xpath("string(//*[@id='said']/li[2])")


@pytest.mark.parametrize(
    ("full", "reason"), [(True, "no_room"), (False, "unavailable")], ids=["the disk is full", "the store is down"]
)
def test_a_store_that_cannot_take_a_file_loses_no_word(
    serve: Callable[..., TestClient], world: World, tmp_path: Path, full: bool, reason: str
) -> None:
    blocked = tmp_path / "blocked"
    blocked.write_text("no folder")
    other = Folder(tmp_path / "full", 1 << 62) if full else Folder(blocked / "media", 0)
    client = serve(files=Counter(other, world.keys["intake"], utc_now))
    page = Form.of(client.get(LINCOLN)).send(client, files.picture(), text="he has a knife")
    assert page.status_code == 200
    assert receipt_of(page.text)
    assert len(lost(page.text)) == 1
    assert noted(world) == [("refused", reason)]
    assert words(world) == ["he has a knife"]


@pytest.mark.parametrize("error", [Unavailable(), NotFound(), KeyRefused(), ValueError("he has a knife")], ids=repr)
@pytest.mark.parametrize("step", ["put", "commit"])
def test_a_store_that_fails_on_the_way_loses_no_word(
    client: TestClient,
    world: World,
    store: Folder,
    monkeypatch: pytest.MonkeyPatch,
    step: str,
    error: Exception,
) -> None:
    """However it fails: what nobody foresaw costs the file and no more, and is logged as errors are, without text."""

    def fail(*_: Any) -> None:
        raise error

    monkeypatch.setattr(f"gateway.core.media.folder._Writing.{step}", fail)
    with capture_logs() as logged:
        page = Form.of(client.get(LINCOLN)).send(client, files.picture() + bytes(200_000), text="he has a knife")
    assert page.status_code == 200
    assert (noted(world), words(world)) == ([("refused", "unavailable")], ["he has a knife"])
    assert on_store(store) == set()
    told = {"event": "a file could not be taken", "error": error, "log_level": "error"}
    assert logged == ([] if isinstance(error, Unavailable) else [told])


@pytest.mark.parametrize("error", [NotFound(), ValueError("he has a knife")], ids=repr)
def test_a_file_that_cannot_be_begun_or_taken_back_loses_no_word(
    client: TestClient, world: World, store: Folder, monkeypatch: pytest.MonkeyPatch, error: Exception
) -> None:
    def fail(*_: Any) -> None:
        raise error

    form = Form.of(client.get(LINCOLN))
    first = form.send(client, files.picture(), text="he has a knife")
    with monkeypatch.context() as patch:
        patch.setattr(store, "delete", fail)
        again = form.send(client, files.picture(), text="he has a knife")
    assert receipt_of(again.text) == receipt_of(first.text)
    assert len(on_store(store)) == 2, "the sweep takes what was not taken back"
    monkeypatch.setattr(store, "create", fail)
    assert form.send(client, files.picture(), text="in the gym").status_code == 200
    assert words(world) == ["he has a knife", "in the gym"]


def test_more_files_than_fit_are_noted_once(client: TestClient, world: World, store: Folder) -> None:
    form, picture = Form.of(client.get(LINCOLN)), files.picture(size=(8, 8))
    page = form.send(client, *[picture] * (MOST + 30), text="he has a knife")
    assert page.status_code == 200
    assert lost(page.text) == ["File 11: Only 10 files fit at once."]
    assert noted(world) == [("sealed", None)] * MOST + [("refused", "too_many")]
    assert len(on_store(store)) == MOST


def test_an_empty_file_is_told_from_none(client: TestClient, world: World) -> None:
    form = Form.of(client.get(LINCOLN))
    assert lost(form.send(client, b"", text="he has a knife").text) == [
        "File 1: It was empty. If it is in your cloud, load it to your phone first."
    ]
    assert noted(world) == [("refused", "empty")]
    none = replace(Form.of(client.get(LINCOLN)), filename="").send(client, b"", text="he has a gun")
    assert lost(none.text) == []
    assert len(noted(world)) == 1


@pytest.mark.usefixtures("small")
def test_a_picture_alone_that_is_refused_is_nothing_said(client: TestClient, world: World, store: Folder) -> None:
    page = Form.of(client.get(LINCOLN)).send(client, bytes(300_000), text="", where="gym")
    assert page.status_code == 422
    alert = tree(page.text).xpath("//*[@role='alert']")[0]
    assert alert.xpath(".//a/@href") == ["#text", "#files"]
    assert "It is too big." in alert.text_content()
    assert tree(page.text).xpath("//input[@id='where']/@value") == ["gym"]
    assert (words(world), noted(world), on_store(store)) == ([], [], set())


@pytest.mark.parametrize("script", [{}, {"script": "yes"}], ids=["no script", "script"])
def test_words_that_cannot_be_taken_stay_and_files_are_chosen_again(
    client: TestClient, world: World, store: Folder, script: dict[str, str]
) -> None:
    page = Form.of(client.get(LINCOLN)).send(client, files.picture(), text="x" * 30_000, **script)
    assert page.status_code == 413
    assert ("Choose your files again." in page.text) == (not script)
    assert (words(world), on_store(store)) == ([], set())


def test_another_sites_files_are_not_taken(client: TestClient, world: World, store: Folder) -> None:
    form = Form.of(client.get(LINCOLN))
    client.headers["sec-fetch-site"] = "cross-site"
    page = form.send(client, files.picture(), text="knife")
    assert page.status_code == 403
    assert (words(world), on_store(store)) == ([], set())


@pytest.mark.parametrize("receipt", ["0000-0000-0000-0000", "ABCD", ""])
def test_a_wrong_receipt_leaves_no_file(
    client: TestClient, world: World, store: Folder, monkeypatch: pytest.MonkeyPatch, receipt: str
) -> None:
    begun: list[str] = []
    monkeypatch.setattr(store, "create", begun.append)
    body = field("receipt", receipt) + field("text", "in the gym") + file(files.picture()) + END
    page = client.post("/back/answer", content=body, headers={"content-type": CONTENT_TYPE})
    assert page.status_code in {404, 422}
    assert "in the gym" in page.text
    assert (begun, on_store(store), words(world)) == ([], set(), [])


def test_a_school_that_is_not_there_keeps_the_words_and_takes_no_file(
    client: TestClient, world: World, store: Folder
) -> None:
    page = client.post("/s/nowhere", data={"text": "he has a knife"}, files={"files": ("a.jpg", files.picture())})
    assert page.status_code == 404
    assert "he has a knife" in tree(page.text).xpath("string(//textarea[@id='unsent'])")
    assert (words(world), on_store(store)) == ([], set())


def test_a_database_that_is_away_keeps_the_words_and_a_row_may_name_the_file(
    serve: Callable[..., TestClient], world: World, store: Folder
) -> None:
    async def away(*_: Any) -> Any:
        raise Unavailable

    working = serve()
    form = Form.of(working.get(LINCOLN))
    failed = form.send(serve(file=away), files.picture(), text="he has a knife")
    assert failed.status_code == 503
    assert "Choose your files again." in failed.text
    assert len(on_store(store)) == 1, "who commits and does not hear of it must not lose the file"
    again = Form.of(failed).send(working, files.picture())
    assert (again.status_code, words(world), noted(world)) == (200, ["he has a knife"], [("sealed", None)])


CUT = ("refused", "cut_off")
BREAKS: dict[str, tuple[list[bytes], list[tuple[str, str | None]]]] = {
    "before its first byte": ([TYPED + opened()], [CUT]),
    "in it": ([TYPED + opened(), files.picture()], [CUT]),
    "before it is known to be whole": ([TYPED + file(files.picture())], [CUT]),
    "in the second": ([TYPED + file(files.picture()) + opened(), b"GIF89a"], [TAKEN, CUT]),
}


@pytest.mark.parametrize("gone", [True, False], ids=["hangs up", "falls silent"])
@pytest.mark.parametrize(("pieces", "became"), BREAKS.values(), ids=BREAKS)
def test_a_line_that_breaks_after_the_words_loses_no_word(
    serve: Callable[..., TestClient],
    world: World,
    store: Folder,
    pieces: list[bytes],
    became: list[tuple[str, str | None]],
    gone: bool,
) -> None:
    client = serve(patience_seconds=0.2)
    status, page = broken_off(client.app, LINCOLN, pieces, gone=gone)
    assert status == 200
    assert words(world) == ["he has a knife"]
    assert noted(world) == became
    assert lost(page) == [f"File {len(became)}: It did not get all the way here."]
    assert len(on_store(store)) == became.count(TAKEN)


def test_who_comes_again_after_it_broke_has_the_same_receipt(serve: Callable[..., TestClient], world: World) -> None:
    client = serve(patience_seconds=0.2)
    _, page = broken_off(client.app, LINCOLN, BREAKS["in it"][0])
    again = Form.of(client.get(LINCOLN)).send(client, files.picture(), once=ONCE, text="he has a knife")
    assert receipt_of(again.text) == receipt_of(page)
    assert sorted(noted(world)) == [CUT, TAKEN]


@pytest.mark.parametrize(
    ("pieces", "gone", "status"),
    [
        pytest.param([TYPED[:-10]], False, 408, id="falls silent in the words"),
        pytest.param([TYPED], False, 408, id="falls silent after the words"),
        pytest.param([TYPED[:-10]], True, 400, id="hangs up"),
        pytest.param([b"no form at all"], False, 400, id="no form"),
        pytest.param([field("text", "x" * 2_100_000)], False, 413, id="endless words"),
    ],
)
def test_a_form_that_breaks_before_a_file_is_refused_with_a_page(
    serve: Callable[..., TestClient], world: World, pieces: list[bytes], gone: bool, status: int
) -> None:
    found, page = broken_off(serve(patience_seconds=0.2).app, LINCOLN, pieces, gone=gone)
    assert found == status
    assert "tel:988" in page
    assert words(world) == []


def test_broken_parts_after_the_words_lose_no_word(serve: Callable[..., TestClient], world: World) -> None:
    pieces = [TYPED + file(files.picture()), f"--{BOUNDARY}\r\nno colon\r\n\r\n".encode()]
    status, _ = broken_off(serve().app, LINCOLN, pieces)
    assert (status, words(world), noted(world)) == (200, ["he has a knife"], [("sealed", None)])


def test_an_endless_form_is_left_with_its_words(
    serve: Callable[..., TestClient], world: World, store: Folder, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(uploads, "READ_BYTES", 200_000)
    read: list[int] = []

    def endless() -> Any:
        yield TYPED + opened()
        while True:
            read.append(50_000)
            assert sum(read) < 2_000_000, "it reads for ever"
            yield bytes(50_000)

    status, _ = broken_off(serve().app, LINCOLN, endless())
    assert (status, words(world), noted(world)) == (200, ["he has a knife"], [("refused", "cut_off")])
    assert on_store(store) == set()


def test_a_form_that_drips_is_left_with_its_words(serve: Callable[..., TestClient], world: World) -> None:
    client = serve(patience_seconds=60.0, upload_seconds=0.3)
    status, _ = broken_off(client.app, LINCOLN, [TYPED + opened(), b"\xff\xd8\xff"])
    assert (status, words(world), noted(world)) == (200, ["he has a knife"], [("refused", "cut_off")])


def test_what_is_no_picture_is_kept_sealed_with_its_tip(client: TestClient, world: World, store: Folder) -> None:
    hostile = [b"<svg><script>alert(1)</script></svg>", files.archive(), files.bomb(10_000, 10_000), files.film()[:900]]
    page = Form.of(client.get(LINCOLN)).send(client, *hostile, text="he has a knife")
    assert page.status_code == 200
    assert noted(world) == [("sealed", None)] * 4
    assert len(on_store(store)) == 4


def test_rows_of_files_are_counted_with_their_message(client: TestClient, world: World) -> None:
    Form.of(client.get(LINCOLN)).send(client, files.picture(), b"", text="he has a knife")
    with world.database.read() as session:
        assert session.scalar(select(Message.media_count)) == 2
        assert session.scalar(select(func.count()).select_from(Attachment)) == 2
