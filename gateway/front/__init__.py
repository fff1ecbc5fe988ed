"""The front door: apps, command line, wiring and supervision; the only room that sees every package.

The command
    cli.py             what `tipline` can be told; cli_*.py: what it then does
    doctor/            says in plain words what is wrong; tracing.py: the hops of one tip

One process
    processes.py       what `tipline run NAME` does: settings, tables, then its file in `wiring/`
    wiring/            one file a process builds its parts: the one place where everything meets
    apps.py            the public ASGI app; serving.py: serves it or the console
    duties.py          what courier and worker do again and again; jobs.py: how they are woken
    sweeps.py          the clock: looks for what is due and wakes who must act
    pulse.py           its heartbeat and so whether it is ready; probes.py: `/readyz`; meters.py, page_times.py: counts
    metrics.py         the console's `/metrics`; vitals.py: what waits, and whether people are reached
    deadman.py         the clock: tells somebody outside, whose alarm is its silence
    sealing.py         the clock: seals the event log; anchoring.py: puts the seals where nobody can take them back

All of them
    supervise.py       runs every process of the Procfile and restarts what dies; signals.py: being told to stop
    places.py          where things are under `var/`; environment.py: what each process is told
    valkey.py          the embedded Valkey
    backup/            sealed backups, and restoring one
    migrations/        the tables' history; revision.py: whether the database has the tables we want

The demo
    demo.py            accounts at a stand-in carrier, secrets for each process
    seed.py            fills the database; stories.py: with what

A newcomer may add a command, a look of the doctor, or a case of the demo. Who holds which secret is decided in
`gateway.core.settings` and `gateway.core.keys`, not here.
"""
