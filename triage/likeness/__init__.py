"""Likeness: are two tips about one thing, and why? Pure: texts in, a figure and reasons out; no I/O, no clock.

The trail: `reading.read` (a text -> `Features`: names, places, times, things, rare words, shingles) -> `index.Index`
(which of many may be like it) -> `comparing.compare` (how like two are, with reasons) -> `comparing.propose` (whether
a person should be asked). `names` knows how names sound and what they are short for, `copying` what a chain message is.

A newcomer may add words to `words.yaml` and names to `nicknames.yaml`; `tests/unit/triage/likeness_*.yaml` say what
must be found, and what must not.
"""
