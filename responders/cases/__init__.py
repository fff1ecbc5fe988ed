"""Cases: what a tip opens and people work on, from new to closed.

`service` is the door; behind it `taking` (a message opens or joins a case), `joining` (threads found late), `moves`
(what people do) and `reading`. A newcomer may add a reason to `moves.WHY`; what raises a case is in `taking`.
"""
