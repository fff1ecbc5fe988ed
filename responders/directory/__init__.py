"""Directory: the responders of a district and who is on call for which school.

A newcomer may add ways to fill the lists; `service.hold` is the lock that keeps two processes from paging twice.
"""
