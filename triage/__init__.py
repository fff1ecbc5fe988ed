"""Judgement: text in, assessment out. Pure: no network, no database, no clock, no randomness.

The trail: `engine.assess` -> `normalize` (words with raw offsets) -> `lexicon` + `patterns` (what was said) ->
`slots` (who, what, where, when) -> `qualifiers` (negated, past, a game, a joke) -> `rules` (how urgent) ->
`evidence` (sure or not, and the words that show it) -> `district` (its own words, from `packs` and `local`) ->
`model.Assessment`.

A newcomer may safely add words and rules to the YAML files in `lexicon/`, each with a rated tip in
`tests/unit/triage/cases_*.yaml` and its harmless twin. `model.py` is a contract that other rooms import: do not
change it alone.
"""
