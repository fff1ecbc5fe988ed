"""How records are rendered to leave: each module turns a frozen snapshot into one document format.

`snapshot` holds what may leave; alerts, which staff write, have a model of their own in `cap`. Nothing here reads the
database, and no snapshot has a field that could hold a reporter's address.
"""
