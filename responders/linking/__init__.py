"""Linking: cases that may be about one thing, proposed to people, who join them or say that they are two.

`records` is what is kept of a proposal, `service` the door: proposing, joining, refusing, erasing; `reading` what a
case's page shows of it. What finds the likeness is `triage.likeness`; who looks for it is `responders/linker.py`.
"""
