"""How records are rendered to leave: each module turns a frozen snapshot into one document format.

Nothing here reads the database, and no snapshot has a field that could hold a reporter's address.
"""
