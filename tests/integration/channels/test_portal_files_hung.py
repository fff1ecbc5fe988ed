"""A store that hangs: it holds up no words, with files or without. On both databases, as intake."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from starlette.testclient import TestClient

from channels.portal import uploads
from channels.portal.files import MOST
from gateway.core.errors import Unavailable
from gateway.core.media.folder import Folder, _Writing
from tests.integration.channels.conftest import LINCOLN
from tests.support import files
from tests.support.came import TAKEN, TYPED, lost, noted, on_store, words
from tests.support.multipart import END, broken_off, file, opened
from tests.support.page_forms import Form, receipt_of
from tests.support.world import World


def test_a_store_that_hangs_holds_up_no_report_without_files(
    serve: Callable[..., TestClient], world: World, store: Folder, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As many as may wait for it do, and more than there are threads for everything; words go on all the same."""
    release, inside = threading.Event(), threading.Semaphore(0)

    def hang(_name: str) -> Any:
        inside.release()
        release.wait()
        raise Unavailable

    client = serve()
    form = Form.of(client.get(LINCOLN))
    with monkeypatch.context() as patch, ThreadPoolExecutor(60) as pool:
        patch.setattr(store, "create", hang)
        asked = [
            pool.submit(Form(form.action, {"once": f"{number:032x}"}).send, client, b"GIF89a", text=f"knife {number}")
            for number in range(60)
        ]
        for _ in range(uploads.STORES_AT_ONCE):
            assert inside.acquire(timeout=30)
        try:
            assert form.send(client, text="he has a gun").status_code == 200
            assert form.send(client, b"", text="he has a gun in the gym").status_code == 200
        finally:
            release.set()
        assert {one.result(60).status_code for one in asked} == {200}
    assert len(words(world)) == 62


class Hung:
    """A store that hangs, as a dead disk of the network does, until it is let go."""

    def __init__(self) -> None:
        self.inside = 0
        self._release = threading.Event()

    def __call__(self, *_: Any) -> Any:
        self.inside += 1
        self.wait()
        raise Unavailable

    def wait(self) -> None:
        self._release.wait()

    def let_go(self) -> None:
        self._release.set()


@pytest.fixture
def hung() -> Iterator[Hung]:
    made = Hung()
    yield made
    made.let_go()


LATE = ("refused", "unavailable")
"""What a file is noted as when the store is no longer waited for."""


@pytest.mark.parametrize(
    "times", [{"store_seconds": 1.0}, {"upload_seconds": 1.0}], ids=["a wait is over", "the whole time is over"]
)
@pytest.mark.parametrize("step", ["put", "commit"])
def test_a_store_that_hangs_costs_the_files_and_no_word(
    serve: Callable[..., TestClient],
    world: World,
    monkeypatch: pytest.MonkeyPatch,
    hung: Hung,
    step: str,
    times: dict[str, float],
) -> None:
    """The answer comes while the store still hangs, and whoever waits for it there alters nothing afterwards."""
    monkeypatch.setattr(f"gateway.core.media.folder._Writing.{step}", hung)
    abort = _Writing.abort

    def hang(writing: _Writing) -> None:
        hung.wait()
        abort(writing)

    monkeypatch.setattr(_Writing, "abort", hang)
    client = serve(patience_seconds=60.0, **times)
    pieces = [TYPED, file(files.picture() + bytes(200_000)), file(files.picture()), file(b""), END]
    status, page = broken_off(client.app, LINCOLN, pieces, gone=True)
    assert (status, words(world), hung.inside) == (200, ["he has a knife"], 1)
    assert noted(world)[0] == LATE
    assert lost(page)[0] == "File 1: We could not save it just now. Try again in a bit."
    if "store_seconds" in times:
        assert noted(world) == [LATE, LATE, ("refused", "empty")]
    hung.let_go()


def test_what_was_stored_before_it_hung_is_kept(
    serve: Callable[..., TestClient], world: World, store: Folder, monkeypatch: pytest.MonkeyPatch, hung: Hung
) -> None:
    create = store.create

    def second(name: str) -> Any:
        monkeypatch.setattr(store, "create", hung)
        return create(name)

    monkeypatch.setattr(store, "create", second)
    pieces = [TYPED, file(files.picture()), *([file(files.picture())] * (MOST + 5)), END]
    status, page = broken_off(serve(store_seconds=2.0).app, LINCOLN, pieces, gone=True)
    assert (status, words(world), hung.inside) == (200, ["he has a knife"], 1)
    assert noted(world) == [TAKEN, *[LATE] * (MOST - 1), ("refused", "too_many")]
    assert len(lost(page)) == MOST
    assert len(on_store(store)) == 1


def test_words_are_taken_while_the_store_hangs(
    serve: Callable[..., TestClient], world: World, store: Folder, monkeypatch: pytest.MonkeyPatch, hung: Hung
) -> None:
    """It is let go by the words themselves, when they are stored."""
    monkeypatch.setattr(store, "create", hung)
    client = serve(soon_seconds=0.0, stored=hung.let_go)
    pieces = [TYPED + opened(), files.picture(), b"\r\n" + END]
    status, _ = broken_off(client.app, LINCOLN, pieces, gone=True)
    assert (status, words(world)) == (200, ["he has a knife"] * 2)
    assert noted(world) == [LATE]


def test_a_file_that_cannot_be_taken_back_holds_up_no_answer(
    serve: Callable[..., TestClient], world: World, store: Folder, monkeypatch: pytest.MonkeyPatch, hung: Hung
) -> None:
    client = serve(store_seconds=2.0)
    form = Form.of(client.get(LINCOLN))
    first = form.send(client, files.picture(), text="he has a knife")
    monkeypatch.setattr(store, "delete", hung)
    again = form.send(client, files.picture(), text="he has a knife")
    assert receipt_of(again.text) == receipt_of(first.text)
    assert (hung.inside, words(world)) == (1, ["he has a knife"])


def test_threads_that_hang_stay_counted_and_come_back(
    serve: Callable[..., TestClient], world: World, store: Folder, monkeypatch: pytest.MonkeyPatch, hung: Hung
) -> None:
    client = serve(store_seconds=1.0)
    form = Form.of(client.get(LINCOLN))
    more = uploads.STORES_AT_ONCE + 2
    with monkeypatch.context() as patch:
        patch.setattr(store, "create", hung)
        for number in range(more):
            sent = Form(form.action, {"once": f"{number:032x}"}).send(client, b"GIF89a", text="knife")
            assert sent.status_code == 200
        assert hung.inside == uploads.STORES_AT_ONCE, "who has given up waiting has a thread all the same"
    assert noted(world) == [LATE] * more
    hung.let_go()
    for _ in range(30):
        assert form.send(client, files.picture(), text="he has a gun").status_code == 200
        if TAKEN in noted(world):
            break
    assert TAKEN in noted(world), "their turns are free again"
    assert hung.inside == uploads.STORES_AT_ONCE, "who was not yet there never comes"
