"""People: who they are, the cases they work, how they are paged and what they see.

Each capability is a package with the same file names: `records`, `service`, `schema`, `views`. A newcomer may add one
here; its place in the order of capabilities is a line in `pyproject.toml`.
"""
