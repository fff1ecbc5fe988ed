"""The doctor: says in plain words what is wrong and what to do about it; it changes nothing.

    examination.py   settings, keys, database, Valkey, and the order of everything
    keys.py          lost keys, the escrow, rotations that wait for their end
    work.py          what waits for too long, and which processes run and beat
    lines.py         our numbers: what the carrier's list and texts of our own say of them, and their webhooks
    log.py           the event log's seals
    retention.py     what is past its deadline and still there
    roles.py         on PostgreSQL, as whom each process comes in, and with what rights
    backups.py       how old the last backup is
    carrier.py       Twilio: accounts, webhooks, signatures, its clock against ours
    finding.py       what every look ends in

A newcomer may add a look: a function that yields findings, and a line in `examination.py`.
"""
