"""Tuning: what a district calls things, kept in versions. The engine takes a version as `triage.local.Pack`."""
