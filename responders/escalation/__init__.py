"""Escalation: warning the public. From a case a person drafts an alert, a second one approves it, the worker signs it.

    drafts.py      what a person fills in, and how it becomes a CAP alert       console
    service.py     the life of an alert: draft, ask, approve, hand back          console
    issuing.py     what is due is given its time and references, and signed      worker
    delivering.py  folder, HTTP POST, e-mail: tried until it arrived             worker
    feed.py        the Atom feed of what was issued                              intake

Nothing that a reporter wrote is put into an alert by itself, and nothing here posts to IPAWS.
A newcomer may touch templates; what an alert must be is `exports.cap`'s to say.
"""
