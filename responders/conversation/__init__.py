"""Conversation: the case page, the one screen that says what happened, how sure we are and what to do next.

It stands above cases and paging because it shows both. `delivery.py` and `timeline.py` hold words: a newcomer may touch
them freely, and `templates/` as well.
"""
