"""For developers of other systems: every interface described, with examples that the tests run, on one page.

`examples/` holds files that the page shows as they are; `tests/integration/developers/` and `tests/conformance/` run
those very files against what they are for.
"""
