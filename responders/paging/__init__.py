"""Paging: texting the people on call until one of them acknowledges.

`service` is the door; behind it `callouts` (what people are called out for), `rounds` (who is texted when), `answers`
(what a code acknowledges), `news` (who has a case, and that its reporter wrote again) and `sending`. A newcomer may
change `wording`: a lock screen, 7 bits, never the tip's words.
"""
