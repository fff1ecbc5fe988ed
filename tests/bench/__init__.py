"""The bench: what the promises cost on this machine. `make bench`; `python -m tests.bench --help`.

    accept.py   texts a second through the real intake, beside a floor (floor.py) that is served the same way
    portal.py   reports a second through the portal's form beside the same floor, and a school that reports at once
    paging.py   from a webhook to the page at the carrier: at a steady rate, and in a burst
    memory.py   what each process keeps in memory
    growth.py   what the same acts cost among 1 k, 10 k and 200 k cases
    parts.py    the parts of the path, alone

    site.py     an installation with many schools, and its processes; outside.py + carrier.py: everything beyond it
    report.py   tables; picture.py draws `.github/images/bench.svg` from the JSON

Machines and hours differ: compare ratios. A newcomer may add a row anywhere.
"""
