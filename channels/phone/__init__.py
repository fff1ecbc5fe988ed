"""The phones: a stand-in for Twilio's Messages API, with a page that shows a student's phone and a responder's.

It plays the carrier and both handsets, so it imports nothing of the product, and the product cannot tell it from
Twilio: the only difference is the base URL. Two ways in: `app.create(config)`, and `python -m channels.phone --port N
--store PATH`.

    config.py    who has an account, which lines exist, where their webhooks are
    store.py     one SQLite file: messages, screens, opt-outs, the carrier's log
    api.py       the Messages API (JSON, basic auth); errors.py: its refusals
    outbound.py  a message from the product to a phone, and its status callbacks
    inbound.py   a message from a phone to the product, keywords first; twiml.py: the product's answer to it
    hooks.py     signs and posts webhooks
    faults.py    what goes wrong on request; timers.py: what happens later
    screen.py    the page, its JSON and its live stream (live.py)
    app.py       puts them together; kit.py: what they share

A newcomer may change the page freely. Everything else follows Twilio's documentation: change it where Twilio differs.
"""
