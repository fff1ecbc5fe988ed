"""Order: what belongs to one case arrives in the order of the log, whatever was known when."""

from __future__ import annotations

from collections import defaultdict

import pytest

from gateway.core.events import emit
from gateway.core.media.records import Attachment
from responders.cases.records import Case
from responders.subscriptions import service
from tests.integration.responders.conftest import Desk
from tests.integration.subscriptions.conftest import Rig
from tests.support.receivers import TAKEN, Got, Reply, consent, receiving


def test_order_of_a_case_holds_while_others_go_on(rig: Rig) -> None:
    """One event of the first case is refused for an hour: its case waits, and the others do not."""
    refused: set[str] = set()

    def choose(got: Got) -> Reply:
        if got.method == "OPTIONS":
            return consent(got)
        return (422, {}, b"") if refused & {event["id"] for event in got.events} else TAKEN

    with receiving(choose) as receiver:
        made = rig.subscribe(receiver)
        cases = [rig.case() for _ in range(3)]
        wanted: dict[str, list[str]] = defaultdict(list)
        for _ in range(4):
            for case in cases:
                wanted[case] += rig.happen(case)
        refused.add(wanted[cases[0]][1])
        rig.run()
        assert _taken(rig, made) == [wanted[cases[0]][:1], wanted[cases[1]], wanted[cases[2]]]
        (more,) = rig.happen(cases[1])
        rig.run()
        assert receiver.ids[-1] == more
        rig.wait(seconds=1)
        assert _taken(rig, made)[0] == wanted[cases[0]][:1]
        refused.clear()
        rig.wait(hours=1)
        assert _taken(rig, made)[0] == wanted[cases[0]]
        posted = [one for one in receiver.ids if one in wanted[cases[0]]]
        assert posted == [wanted[cases[0]][0], *[wanted[cases[0]][1]] * (len(posted) - 4), *wanted[cases[0]][1:]]


def _taken(rig: Rig, made: service.Made) -> list[list[str]]:
    """List what was taken, lane by lane in the order of their first event."""
    lanes: dict[str, list[str]] = defaultdict(list)
    for row in rig.deliveries(made):
        if row.state == "delivered":
            lanes[row.lane].append(row.event_id)
    return list(lanes.values())


def test_event_that_comes_before_its_case_goes_before_it(rig: Rig) -> None:
    """A text is told of before anyone knows its case; its lane becomes the case's while it still waits."""
    down = True

    def choose(got: Got) -> Reply:
        if got.method == "OPTIONS":
            return consent(got)
        return (422, {}, b"") if down and "message.received" in got.events[0]["type"] else TAKEN

    with receiving(choose) as receiver:
        rig.subscribe(receiver)
        message = rig.world.text("somebody has a knife")
        rig.run()
        rig.world.courier.thread_all()

        desk = Desk(rig.world)
        desk.staff()
        desk.worker.run()
        rig.run()
        about = [event for post in receiver.posts for event in post.events if post.method == "POST"]
        assert {event["type"] for event in about if event.get("caseid")} == set()
        down = False
        rig.wait(hours=1)
        case = desk.case_of(message)
        assert case is not None
        told = [
            event["type"].removeprefix("org.tipline.").removesuffix(".v1")
            for post in receiver.posts[1:] for event in post.events if event.get("caseid") == case.id
        ]  # fmt: skip
        assert told[0] == "message.received"
        assert {"case.opened", "message.assessed", "message.threaded"} <= set(told)
        sequence = [int(event["sequence"]) for post in receiver.posts for event in post.events
                    if event.get("caseid") == case.id]  # fmt: skip
        assert sequence == sorted(sequence)


@pytest.mark.parametrize("kept_back", ["message.receipt_queued", "attachment.sealed", "send.sent"])
def test_answer_or_file_that_waits_since_before_its_case_goes_before_it(rig: Rig, kept_back: str) -> None:
    """Each waited under its own name, of which what tells of the case says nothing."""
    down = True

    def choose(got: Got) -> Reply:
        if got.method == "OPTIONS":
            return consent(got)
        return (422, {}, b"") if down and f".{kept_back}." in got.events[0]["type"] else TAKEN

    with receiving(choose) as receiver:
        rig.subscribe(receiver)
        message = rig.world.text("somebody has a knife")
        with rig.world.database.write() as session:
            row = Attachment(message_id=message, position=0, state="sealed", at=rig.world.clock())
            session.add(row)
            session.flush()
            emit(
                session, "attachment.sealed", subject=f"attachment/{row.id}", actor="process:courier",
                at=rig.world.clock(), district_id=rig.world.district_id, message=message, reason=None,
                attachment_kind="photo",
            )  # fmt: skip
        rig.world.courier.thread_all()
        rig.world.courier.send_all()
        rig.run()
        before = len(receiver.posts)

        desk = Desk(rig.world)
        desk.staff()
        desk.worker.run()
        case = desk.case_of(message)
        assert case is not None
        rig.run()
        rig.wait(seconds=1)
        told = [event for post in receiver.posts[before:] for event in post.events if event.get("caseid") == case.id]
        assert {event["type"] for event in told} <= {f"org.tipline.{kept_back}.v1"}
        down = False
        rig.wait(hours=1)
        told = [event for post in receiver.posts[before:] for event in post.events if event.get("caseid") == case.id]
        assert "org.tipline.case.opened.v1" in {event["type"] for event in told}
        sequence = [int(event["sequence"]) for event in told]
        assert sequence == sorted(sequence)


def test_joined_case_keeps_its_order_with_the_one_it_joined(rig: Rig) -> None:
    refused: set[str] = set()

    def choose(got: Got) -> Reply:
        if got.method == "OPTIONS":
            return consent(got)
        return (422, {}, b"") if refused & {event["id"] for event in got.events} else TAKEN

    with receiving(choose) as receiver:
        rig.subscribe(receiver)
        target = rig.case()
        source = rig.case()
        first = rig.happen(source)
        refused.update(first)
        rig.run()
        with rig.world.database.write() as session:
            session.get_one(Case, source).joined_into_id = target
        closed = rig.happen(source, "case.state_changed", old="new", new="closed", why="duplicate", into=target)
        after = rig.happen(target)
        receiver.got.clear()
        rig.run()
        assert receiver.ids == []
        refused.clear()
        rig.wait(hours=1)
        assert receiver.ids == first + closed + after
