"""Where alerts go: folder, servers of every temper; and what a worker that dies leaves to the next."""

from __future__ import annotations

import base64
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from standardwebhooks import Webhook

from exports import cap
from gateway.core.http import Guarded
from gateway.front import duties
from responders.escalation import delivering, mailing, service
from responders.escalation.delivering import LEASE, Deliverer, Item, Way
from responders.escalation.folders import Folder
from responders.escalation.posting import Posting
from responders.escalation.records import Alert, AlertDelivery, AlertTarget
from tests.support.house import until
from tests.support.receivers import Receiver, Reply, dripping, receiving
from tests.support.warners import Keeping, Warners, fates, refusal, sent
from tests.support.world import START

Ways = Callable[..., Posting]
SECRET = "whsec_" + base64.b64encode(b"s" * 32).decode()


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    with receiving() as made:
        yield made


@pytest.fixture
def posting(warners: Warners) -> Iterator[Ways]:
    """Make ways by HTTP, to hosts that are allowed, and let go of their connections."""
    clients: list[Guarded] = []

    def make(*hosts: str, seconds: float = 10) -> Posting:
        clients.append(Guarded(hosts, seconds=seconds))
        world = warners.world
        return Posting(world.of("worker"), clients[-1], world.keys["worker"], world.clock)

    yield make
    for client in clients:
        client.close()


def test_folder_gets_the_file_as_it_was_issued(warners: Warners, tmp_path: Path) -> None:
    warners.rules(folder=True)
    warners.ways = {"folder": Folder(tmp_path / "out")}
    alert_id = sent(warners)
    assert warners.deliver() == 1
    (path,) = [one for one in (tmp_path / "out").rglob("*") if one.is_file()]
    assert path == tmp_path / "out" / "demo" / f"TIPLINE-{alert_id}.xml"
    assert path.read_bytes() == warners.row(alert_id).document
    assert fates(warners) == [("folder", "delivered", "written")]
    assert (warners.deliver(), warners.world.events("alert.delivered")) == (0, ["alert.delivered"])


def test_a_draft_by_status_is_no_file_in_the_folder(warners: Warners) -> None:
    warners.rules(folder=True)
    wanting = warners.target("mail", "desk@district.example", ["Draft"])
    warners.target("mail", "county@district.example")
    sent(warners, status="Draft")
    assert [one.target_id for one in warners.deliveries()] == [wanting]


def test_a_folder_that_cannot_be_written_is_tried_again(warners: Warners, tmp_path: Path) -> None:
    warners.rules(folder=True)
    (tmp_path / "out").write_text("in the way")
    warners.ways = {"folder": Folder(tmp_path / "out")}
    sent(warners)
    warners.deliver()
    assert fates(warners) == [("folder", "queued", "disk-20")]
    (tmp_path / "out").unlink()
    warners.world.clock.forward(seconds=3)
    warners.deliver()
    assert fates(warners) == [("folder", "delivered", "written")]


def test_a_way_that_the_house_has_not_waits(warners: Warners) -> None:
    warners.target("mail", "desk@district.example")
    sent(warners)
    warners.deliver()
    assert fates(warners) == [("mail", "queued", "no_way")]


def test_server_gets_the_document_signed_and_a_repeat_has_the_same_id(
    warners: Warners, receiver: Receiver, posting: Ways
) -> None:
    warners.target("post", receiver.url, secret=SECRET)
    warners.ways = {"post": posting(receiver.host)}
    alert_id = sent(warners)
    answers: list[Reply] = [(503, {}, b""), (202, {}, b"")]
    receiver.choose = lambda _: answers.pop(0)
    warners.deliver()
    assert fates(warners) == [("post", "queued", "503")]
    warners.world.clock.forward(seconds=3)
    warners.deliver()
    assert fates(warners) == [("post", "delivered", "202")]
    first, second = receiver.posts
    assert first.body == second.body == warners.row(alert_id).document
    assert first.headers["content-type"] == cap.CONTENT_TYPE
    assert first.headers["webhook-id"] == second.headers["webhook-id"] == f"TIPLINE-{alert_id}"
    for got in (first, second):
        stamp = datetime.fromtimestamp(int(got.headers["webhook-timestamp"]), UTC)
        signed = Webhook(SECRET).sign(got.headers["webhook-id"], stamp, got.body.decode())
        assert got.headers["webhook-signature"] == signed


@pytest.mark.parametrize(
    ("reply", "code", "state"),
    [
        ((302, {"Location": "http://127.0.0.1:1/"}, b""), "302", "queued"),
        ((200, {"Content-Type": "text/html"}, b"<h1>Please sign in</h1>"), "page", "queued"),
        ((429, {}, b""), "429", "queued"),
        ((404, {}, b""), "404", "queued"),
        ((400, {}, b""), "400", "queued"),
        ((422, {}, b""), "422", "queued"),
        ((410, {}, b""), "410", "failed"),
        ((415, {}, b""), "415", "failed"),
        (None, "protocol", "queued"),
    ],
)
def test_bad_servers_are_noted_with_their_code(
    warners: Warners, receiver: Receiver, posting: Ways, reply: Reply | None, code: str, state: str
) -> None:
    warners.target("post", receiver.url, secret=SECRET)
    warners.ways = {"post": posting(receiver.host)}
    sent(warners)
    receiver.choose = lambda _: reply
    warners.deliver()
    assert fates(warners) == [("post", state, code)]
    assert len(receiver.got) == 1  # No redirect was followed.


def test_an_answer_of_ten_megabytes_is_not_read(warners: Warners, receiver: Receiver, posting: Ways) -> None:
    warners.target("post", receiver.url, secret=SECRET)
    warners.ways = {"post": posting(receiver.host)}
    sent(warners)
    receiver.choose = lambda _: (200, {}, b"x" * 10_000_000)
    warners.deliver()
    assert fates(warners) == [("post", "delivered", "200")]


def test_a_server_that_hangs_holds_up_nobody_and_is_tried_again(
    warners: Warners, receiver: Receiver, posting: Ways
) -> None:
    with dripping(b"", 0.05) as url:
        warners.target("post", url, secret=SECRET)
        warners.target("post", receiver.url, secret=SECRET)
        warners.ways = {"post": posting(url.split("/")[2], receiver.host, seconds=1)}
        sent(warners)
        warners.deliver()
    assert sorted(fates(warners)) == [("post", "delivered", "204"), ("post", "queued", "timeout")]


def test_addresses_of_our_own_network_are_refused(warners: Warners, receiver: Receiver, posting: Ways) -> None:
    warners.target("post", receiver.url, secret=SECRET)
    warners.ways = {"post": posting()}
    sent(warners)
    warners.deliver()
    assert [(way, state) for way, state, _ in fates(warners)] == [("post", "queued")]
    assert receiver.got == []


def test_a_wait_that_was_asked_for_is_kept_and_what_expired_is_given_up(warners: Warners) -> None:
    warners.target("post", "https://receiver.example/", secret=SECRET)
    way = Keeping(refusals=[refusal("429", after=120)] + [refusal("503") for _ in range(50)])
    warners.ways = {"post": way}
    sent(warners, lasts_minutes=90)
    warners.deliver()
    warners.world.clock.forward(seconds=119)
    assert warners.deliver() == 0
    for _ in range(20):
        warners.world.clock.forward(minutes=15)
        warners.deliver()
    assert fates(warners) == [("post", "failed", "expired")]
    (delivery,) = warners.deliveries()
    assert delivery.ended_at is not None
    assert delivery.ended_at - delivery.created_at < timedelta(hours=2)
    assert warners.world.events("alert.failed") == ["alert.failed"]


def test_only_those_who_want_a_status_get_it(warners: Warners) -> None:
    wanting = warners.target("post", "https://drills.example/", ["Exercise"], secret=SECRET)
    warners.target("post", "https://real.example/", ["Actual"], secret=SECRET)
    way = Keeping()
    warners.ways = {"post": way}
    sent(warners, status="Exercise", note="drill")
    warners.deliver()
    assert [item.target_id for item in way.items] == [wanting]


def test_a_private_alert_goes_to_its_addresses_alone(warners: Warners) -> None:
    warners.rules(folder=True)
    desk = warners.target("mail", "Desk@district.example")
    warners.target("mail", "everybody@district.example")
    warners.target("post", "https://real.example/", secret=SECRET)
    way = Keeping()
    warners.ways = {"mail": way, "post": way, "folder": way}
    sent(warners, scope="Private", addresses="desk@district.example other@elsewhere.example")
    warners.deliver()
    assert [item.target_id for item in way.items] == [desk]


def test_a_private_alert_that_would_reach_nobody_is_advised_against(warners: Warners) -> None:
    warners.target("mail", "everybody@district.example")
    alert_id = warners.draft(warners.case(), scope="Private", addresses="desk@district.example")
    with warners.world.of("console").read() as session:
        shown = service.preview(session, warners.keys, session.get_one(Alert, alert_id), warners.world.clock())
    assert "addresses_nowhere" in [finding.code for finding in shown.advice]
    warners.send(alert_id)
    assert warners.deliveries() == []


def test_a_restricted_alert_goes_where_the_operator_has_it(warners: Warners) -> None:
    warners.rules(folder=True)
    warners.target("mail", "desk@district.example")
    sent(warners, scope="Restricted", restriction="Staff of the district")
    assert {one.way for one in warners.deliveries()} == {"folder", "mail"}


def test_a_removed_target_gets_nothing(warners: Warners) -> None:
    target_id = warners.target("post", "https://real.example/", secret=SECRET)
    with warners.world.database.write() as session:
        session.get_one(AlertTarget, target_id).removed_at = warners.world.clock()
    sent(warners)
    assert warners.deliveries() == []


def test_what_a_killed_worker_had_taken_is_delivered_by_the_next(warners: Warners) -> None:
    warners.target("post", "https://real.example/", secret=SECRET)
    warners.ways = {"post": _Dying()}
    sent(warners)
    with pytest.raises(_Killed):
        warners.deliver()
    warners.ways = {"post": (way := Keeping())}
    assert warners.deliver() == 0  # Its lease still holds.
    warners.world.clock.forward(seconds=LEASE.total_seconds())
    assert warners.deliver() == 1
    assert len(way.items) == 1
    assert fates(warners) == [("post", "delivered", "kept")]


def test_two_workers_deliver_each_alert_once(warners: Warners) -> None:
    for number in range(12):
        warners.target("post", f"https://r{number}.example/", secret=SECRET)
    sent(warners)
    way, world = Keeping(), warners.world
    workers = [Deliverer(world.of("worker"), {"post": way}, world.clock) for _ in range(3)]
    threads = [threading.Thread(target=one.deliver_all) for one in workers]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(way.items) == len({item.delivery_id for item in way.items}) == 12
    assert {state for _, state, _ in fates(warners)} == {"delivered"}


def test_a_fault_of_our_own_is_tried_again(warners: Warners) -> None:
    warners.target("post", "https://real.example/", secret=SECRET)
    warners.ways = {"post": Keeping(refusals=[ValueError("ours")])}
    sent(warners)
    warners.deliver()
    assert fates(warners) == [("post", "queued", "internal")]


def test_each_delivery_is_noted_when_it_is_done_whatever_the_others_do(warners: Warners) -> None:
    slow_id = warners.target("mail", "desk@district.example")
    for number in range(3):
        warners.target("post", f"https://r{number}.example/", secret=SECRET)
    sent(warners)
    with warners.world.database.write() as session:  # It is taken first.
        session.query(AlertDelivery).filter_by(target_id=slow_id).update({"due_at": START - timedelta(hours=1)})

    def others_are_noted() -> bool | None:
        return [state for way, state, _ in fates(warners) if way == "post"] == 3 * ["delivered"] or None

    warners.ways = {"mail": _Waiting(lambda: until(others_are_noted, "the others are noted")), "post": Keeping()}
    warners.deliver()
    assert sorted(fates(warners)) == [("mail", "delivered", "waited"), *3 * [("post", "delivered", "kept")]]


def test_a_worker_that_waits_for_a_delivery_gives_signs_of_life(warners: Warners) -> None:
    warners.target("mail", "desk@district.example")
    sent(warners)
    world, hangs, looked = warners.world, threading.Event(), threading.Event()

    def clock() -> datetime:
        if hangs.is_set():
            looked.set()
        return world.clock()

    def hang() -> None:
        hangs.set()
        assert looked.wait(10)

    Deliverer(world.of("worker"), {"mail": _Waiting(hang)}, clock).deliver_all()
    assert fates(warners) == [("mail", "delivered", "waited")]


def test_one_that_hangs_where_nothing_cuts_it_short_is_left_behind(warners: Warners) -> None:
    warners.target("mail", "desk@district.example")
    warners.target("post", "https://real.example/", secret=SECRET)
    sent(warners)
    world, go_on = warners.world, threading.Event()
    ways: dict[str, Way] = {"mail": _Waiting(lambda: go_on.wait(60)), "post": Keeping()}
    Deliverer(world.of("worker"), ways, world.clock, seconds=2).deliver_all()
    go_on.set()
    assert sorted(fates(warners)) == [("mail", "queued", "timeout"), ("post", "delivered", "kept")]


def test_a_letter_a_round_and_its_lease_end_before_the_worker_counts_as_frozen() -> None:
    assert mailing.SECONDS < delivering.SECONDS < duties.FROZEN_SECONDS
    assert LEASE.total_seconds() > delivering.SECONDS


class _Killed(BaseException):
    """What a killed process leaves: nothing is noted."""


@dataclass(frozen=True)
class _Waiting:
    """A way that waits for what a test says."""

    work: Callable[[], object]

    def send(self, item: Item) -> str:
        self.work()
        return "waited"


class _Dying:
    def send(self, item: Item) -> str:
        raise _Killed
