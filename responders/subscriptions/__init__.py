"""Subscriptions: systems of the district that are sent its events, as CloudEvents over HTTP.

    service      what people and systems do with a subscription: make, change, end, new secrets, replay
    filters      which events one wants
    places       which case, school and order of its own an event belongs to; its snapshot to leave with
    spreading    the worker puts each stored event into the queue of each subscription that wants it
    asking       the handshake: nobody is sent anything who has not agreed to it
    delivering   the worker sends what is queued, in order for each case, until it is taken or given up
    verdicts     what an answer means, and when to try again
    troubles     the same in words, for console, REST and GraphQL

A newcomer may add another way to look at deliveries. The rules of sending are those of the specification, cited there.
"""
