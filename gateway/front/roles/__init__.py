"""PostgreSQL roles: what each process may do in the database, so that what it lacks a key for it cannot even fetch.

    rights.py     how a right is written down
    table.py      who may do what, table by table: the one place to change
    granting.py   the SQL of it, running it, passwords
    drift.py      what is granted in a live database and what the table says, side by side

A newcomer who adds a table or a query changes `table.py`; tests name what lacks a line. SQLite has no roles.
"""
