"""The front door: apps, command line, jobs, migrations and wiring; the only room that sees every package.

    cli*.py          the `tipline` command
    wiring.py        builds the parts of each process from its settings: the one place where everything meets
    apps.py          the public ASGI app
    processes.py     what `tipline run NAME` runs; duties.py, jobs.py: how courier and worker are woken
    sweeps.py        the clock: looks for what is due and wakes who must act
    supervise.py     runs every process and restarts what dies; valkey.py: the embedded Valkey
    places.py        where things are under `var/`; environment.py: what each process is told
    demo.py, seed.py the demo: accounts at a stand-in carrier, a district, a few days of cases
    doctor.py        says in plain words what is wrong; trace.py: the hops of one tip
    migrations/      the tables' history

A newcomer may add a command, a check of the doctor, or a case of the demo. Who holds which secret is decided in
`gateway.core.settings` and `gateway.core.keys`, not here.
"""
