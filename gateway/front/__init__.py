"""The front door: apps, command line, jobs, migrations and wiring; the only room that sees every package."""
