"""What is over is not sent: expired, cancelled, followed or taken off the list; and what a person has sent again."""

from __future__ import annotations

import base64
import threading
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from sqlalchemy import text
from sqlalchemy.orm import Session

from gateway.core.errors import NotAllowed
from responders.escalation import due, service
from responders.escalation.delivering import LEASE, Deliverer
from responders.escalation.records import Alert, AlertDelivery, AlertTarget
from tests.support.house import until
from tests.support.warners import ANA, Keeping, Warners, fates, refusal, sent

SECRET = "whsec_" + base64.b64encode(b"s" * 32).decode()


def test_what_has_expired_before_it_left_is_not_sent(warners: Warners) -> None:
    warners.target("post", "https://real.example/", secret=SECRET)
    warners.ways = {"post": (way := Keeping())}
    sent(warners, lasts_minutes=10)
    warners.world.clock.forward(minutes=10)
    assert warners.deliver() == 0
    assert (way.items, fates(warners)) == ([], [("post", "failed", "expired")])
    assert warners.world.events("alert.failed") == ["alert.failed"]


def test_what_was_cancelled_before_it_left_is_not_sent_and_the_cancel_is(warners: Warners) -> None:
    for number in range(9):  # More than are taken at once: those that are given up keep no other waiting.
        warners.target("post", f"https://r{number}.example/", secret=SECRET)
    warners.ways = {"post": (way := Keeping())}
    first = sent(warners)
    cancel = warners.follow(first, "cancel")
    warners.send(cancel)
    warners.deliver()
    assert {item.identifier for item in way.items} == {warners.row(cancel).identifier}
    assert len(way.items) == 9
    assert sorted(fates(warners)) == 9 * [("post", "delivered", "kept")] + 9 * [("post", "failed", "cancelled")]


@pytest.mark.parametrize("kind", ["update", "all_clear"])
def test_a_place_that_was_down_hears_only_the_last_of_an_incident(warners: Warners, kind: str) -> None:
    warners.target("post", "https://down.example/", secret=SECRET)
    warners.rules(folder=True)
    warners.ways = {"post": (way := Keeping(refusals=[refusal("503")])), "folder": Keeping()}
    first = sent(warners)
    warners.deliver()
    warners.world.clock.forward(seconds=1)
    later = warners.follow(first, kind)
    warners.send(later)
    warners.deliver()
    warners.world.clock.forward(minutes=10)
    warners.deliver()
    assert [item.identifier for item in way.items] == [warners.row(later).identifier]
    arrived, given_up = ("post", "delivered", "kept"), ("post", "failed", "superseded")
    assert sorted(fates(warners)) == sorted([arrived, given_up, *2 * [("folder", "delivered", "kept")]])


def test_what_both_wait_after_an_outage_arrives_as_the_last_alone(warners: Warners) -> None:
    warners.target("mail", "desk@district.example")
    first = sent(warners)
    warners.world.clock.forward(minutes=5)
    all_clear = warners.follow(first, "all_clear")
    warners.send(all_clear)
    warners.ways = {"mail": (way := Keeping())}
    warners.deliver()
    assert [item.identifier for item in way.items] == [warners.row(all_clear).identifier]


def test_a_place_that_what_follows_does_not_go_to_still_hears_what_was_before(warners: Warners) -> None:
    other = warners.target("mail", "county@district.example")
    desk = warners.target("mail", "desk@district.example")
    first = sent(warners)
    warners.world.clock.forward(seconds=1)
    warners.send(warners.follow(first, "update", scope="Private", addresses="desk@district.example"))
    warners.ways = {"mail": (way := Keeping())}
    warners.deliver()
    assert sorted(item.target_id for item in way.items) == sorted([other, desk])
    assert sorted(state for _, state, _ in fates(warners)) == ["delivered", "delivered", "failed"]


def test_an_all_clear_waits_while_its_danger_is_on_its_way_to_the_same_place(warners: Warners) -> None:
    hung = warners.target("mail", "desk@district.example")
    warners.target("mail", "county@district.example")
    first = sent(warners)
    with warners.world.database.write() as session:  # Another worker has taken it, and is trying.
        for row in session.query(AlertDelivery):
            if row.target_id == hung:
                row.lease_until, row.attempts = warners.world.clock() + LEASE, 1
            else:
                row.state = "delivered"
    warners.world.clock.forward(seconds=1)
    all_clear = warners.follow(first, "all_clear")
    warners.send(all_clear)
    warners.ways = {"mail": (way := Keeping())}
    warners.deliver()
    assert [item.address for item in way.items] == ["county@district.example"]
    warners.world.clock.forward(seconds=LEASE.total_seconds())
    warners.deliver()
    assert {item.identifier for item in way.items} == {warners.row(all_clear).identifier}
    assert [item.address for item in way.items] == ["county@district.example", "desk@district.example"]


def test_an_all_clear_is_not_taken_while_another_worker_takes_its_danger(
    warners: Warners, monkeypatch: pytest.MonkeyPatch
) -> None:
    if warners.world.database.is_sqlite:
        pytest.skip("A writer is alone there.")
    warners.target("mail", "desk@district.example")
    first, world, is_over = sent(warners), warners.world, due.over
    taking, go_on, looked = threading.Event(), threading.Event(), threading.Event()

    def over(session: Session, row: AlertDelivery, alert: Alert, *others: Any) -> str | None:
        said = is_over(session, row, alert, *others)
        if alert.id == first:
            taking.set()  # Its lease is not committed yet.
            assert go_on.wait(10)
        return said

    def waits() -> bool | None:
        waiting = text("SELECT true FROM pg_locks WHERE locktype = 'advisory' AND NOT granted")
        with world.database.read() as session:
            return session.scalar(waiting) is True or None

    monkeypatch.setattr(due, "over", over)
    way = Keeping(waits=lambda: looked.wait(10))
    one, other = (Deliverer(world.of("worker"), {"mail": way}, world.clock) for _ in range(2))
    with ThreadPoolExecutor(2) as pool:
        try:
            pool.submit(one.deliver_all)
            assert taking.wait(10)
            world.clock.forward(seconds=1)
            warners.send(warners.follow(first, "all_clear"))
            taken = pool.submit(other._take)
            until(waits, "the other worker waits for its turn")
            go_on.set()
            assert not taken.result()
        finally:
            go_on.set()
            looked.set()
    assert way.items[0].identifier == warners.row(first).identifier


def test_what_was_given_up_is_sent_again_when_a_person_says_so_while_it_holds(warners: Warners) -> None:
    removed = warners.target("post", "https://old.example/", secret=SECRET)
    warners.target("post", "https://real.example/", secret=SECRET)
    warners.ways = {"post": (way := Keeping(refusals=2 * [refusal("410", retryable=False)]))}
    alert_id = sent(warners, lasts_minutes=60)
    warners.deliver()
    with warners.world.database.write() as session:
        session.get_one(AlertTarget, removed).removed_at = warners.world.clock()
    again(warners, alert_id)
    assert warners.deliver() == 1
    assert [item.address for item in way.items] == ["https://real.example/"]
    assert sorted(fates(warners)) == [("post", "delivered", "kept"), ("post", "failed", "410")]
    assert warners.world.events("alert.sent_again") == ["alert.sent_again"]
    with pytest.raises(NotAllowed, match="nothing to send again"):
        again(warners, alert_id)


def test_what_holds_no_more_is_not_sent_again(warners: Warners) -> None:
    warners.target("post", "https://real.example/", secret=SECRET)
    warners.ways = {"post": Keeping(refusals=2 * [refusal("410", retryable=False)])}
    first = sent(warners, lasts_minutes=60)
    warners.deliver()
    warners.world.clock.forward(minutes=1)
    update = warners.follow(first, "update", lasts_minutes=60)
    warners.send(update)
    warners.deliver()
    with pytest.raises(NotAllowed):  # The update takes its place.
        again(warners, first)
    warners.world.clock.forward(minutes=60)
    with pytest.raises(NotAllowed):
        again(warners, update)
    assert [state for _, state, _ in fates(warners)] == ["failed", "failed"]


def again(warners: Warners, alert_id: str) -> None:
    with warners.world.of("console").write() as session:
        service.send_again(session, session.get_one(Alert, alert_id), ANA, warners.world.clock())


def test_a_target_that_was_removed_meanwhile_gets_nothing(warners: Warners) -> None:
    target_id = warners.target("post", "https://old.example/", secret=SECRET)
    kept_id = warners.target("post", "https://real.example/", secret=SECRET)
    sent(warners)
    with warners.world.database.write() as session:
        session.get_one(AlertTarget, target_id).removed_at = warners.world.clock()
    warners.ways = {"post": (way := Keeping())}
    warners.deliver()
    assert [item.target_id for item in way.items] == [kept_id]
    assert sorted(fates(warners)) == [("post", "delivered", "kept"), ("post", "failed", "removed")]
