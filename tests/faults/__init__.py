"""The house under fire: what happens when processes, database, disk, clock and carrier fail, counted from outside.

    start.py, child.py   the demo under its own supervisor, each process wrapped so that it can end at a named point
    points.py            those points: before and after each commit and each call to the carrier
    site.py              a house under test: its processes, its database server, its disk, its carrier's records
    plagues.py           everything that goes wrong
    crowd.py             who texts, who answers
    tally.py             what must hold, counted from the carrier's records, the phones' screens and the database
    storm.py             all of it at once: `python -m tests.faults.storm --texts 10000`

`make faults` runs the tests; the product has no hook for any of this.
"""
