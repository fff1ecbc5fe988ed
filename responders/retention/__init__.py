"""Retention: deadlines, what is past them, its destruction, and the report of that.

A newcomer may change defaults and what the report says; the order of steps in `destroying` is what keeps words from
being lost, or from being kept: see `.github/decisions/0014-retention.md` first.
"""
