"""A web thread in GraphQL: the reply is left for its reporter, and no receipt's part shows."""

from __future__ import annotations

import json

from strawberry.relay import GlobalID

from gateway.core.records import Message, Send
from responders.cases import service as cases
from tests.integration.graphql.rig import Rig
from triage.engine import assess

REPLY = """mutation($input: ReplyInput!) { reply(input: $input) {
  message { text kind delivery { status } readHour thread { channel seenAt } } userErrors { code message } } }"""
CASE = """query($number: String!) { case(number: $number) { school { name }
  threads { channel seenAt pseudonym } messages { edges { node { kind text readHour delivery { status } } } }
  events { edges { node { type data cloudEvent } } } } }"""


def test_reply_is_left_for_the_reporter_and_read_back_by_the_hour(rig: Rig) -> None:
    world, words = rig.world, "theres a kid in the 2nd floor bathroom with a gun"
    filed = world.report(words)
    with world.database.write() as session:
        message = session.get_one(Message, filed.message_id)
        case = cases.take_messages(session, world.keys["worker"], [(message, assess(words))], world.clock())[0].case
    world.clock.forward(seconds=1)
    asked = {"threadId": str(GlobalID("Thread", filed.thread_id)), "text": "are you safe?"}
    done = rig.ask(REPLY, input=asked)["reply"]
    assert done["userErrors"] == []
    assert done["message"] == {
        "text": "are you safe?", "kind": "REPLY", "delivery": None, "readHour": None,
        "thread": {"channel": "web", "seenAt": None},
    }  # fmt: skip
    assert world.count(Send) == 0
    assert len(world.come_back(filed.receipt).entries) == 2
    world.clock.forward(minutes=59, seconds=58)
    assert [one["node"]["readHour"] for one in rig.ask(CASE, number=case.number)["case"]["messages"]["edges"]] == [
        None, None,
    ]  # fmt: skip
    world.clock.forward(seconds=1)
    found = rig.ask(CASE, number=case.number)["case"]
    assert [one["node"]["readHour"] for one in found["messages"]["edges"]] == [None, "2026-11-21T23:00:00.000Z"]
    assert found["school"] == {"name": "Lincoln High School"}
    everything = json.dumps(found)
    for hidden in (filed.receipt.lookup_id.hex(), filed.receipt.private_key.public_key().public_bytes_raw().hex()):
        assert hidden not in everything
