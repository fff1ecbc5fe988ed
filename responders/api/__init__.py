"""Api: what the GraphQL schemas of all capabilities share: context, connections, errors, limits and the HTTP endpoint.

It knows no capability. A newcomer may tune the numbers in `limits.py`; `endpoint.py` only with the judge of
`make conformance` at hand.
"""
