"""Exporting: a case as a document in somebody else's format, by command, console and GraphQL alike.

`formats.FORMATS` lists the formats, one entry each: a new one is added there and nowhere else. Who may read a case may
export it; each export is an event. What leaves, and what never does: decision 0027 and `exports/case_snapshot.py`.
"""
