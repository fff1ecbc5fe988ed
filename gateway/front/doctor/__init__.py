"""The doctor: says in plain words what is wrong and what to do about it; it changes nothing.

    examination.py   settings, keys, database, Valkey, and the order of everything
    work.py          what waits for too long, and which processes run
    carrier.py       Twilio: accounts, numbers, webhooks, signatures, its clock against ours
    finding.py       what every look ends in

A newcomer may add a look: a function that yields findings, and a line in `examination.py`.
"""
