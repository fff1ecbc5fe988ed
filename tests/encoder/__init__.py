"""The encoder of triage's statistical layer: how it is made from a public one and our tips (`make encoder`).

`base` reads the public encoder from its wheel, `network` is its arithmetic in JAX, `tips` says what it learns from,
`training` tunes it, and `shipping` writes what `triage.statistics.meaning` reads. It has requirements of its own
(`requirements-encoder.lock`): whoever runs or tests the product needs none of them.
"""
