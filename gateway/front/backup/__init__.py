"""Backups: one sealed file of everything the database holds, that goes back into either kind of database.

    keys.py        the key that opens backups: its private half is made here and kept elsewhere
    rows.py        a table's rows as lines of JSON and back, the same from SQLite and PostgreSQL
    sequences.py   numbers that a database draws by itself
    taking.py      reads one moment of the database while everyone works on, and seals it
    attachments.py the files of attachments, in and out
    files.py       the file: whole or not there; which old ones may go
    reading.py     opens a backup and proves it, without a database
    restoring.py   puts one into an empty database, in one transaction
    awakening.py   what must be made true of a database that wakes up days later

    line 1      {"tipline_backup": 2, "as_of", "version", "revision", "database"}
    a table     {"table": name, "columns": [[name, kind], ...]}, then a JSON list for each row
    a file      see attachments.py
    the end     {"end": {"tables": {name: {"rows", "sha256"}}, "sequences": {"table.column": number},
                         "files": {"held", "bytes", "gone", "missing"} or null}}

The table `@anchors` is the anchor file. No private key is ever in a backup: those have an escrow of their own.

A newcomer may add to what is said; how a file is sealed is decided in `gateway.core.sealed_file`.
"""
