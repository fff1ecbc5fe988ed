"""How good triage is: figures, a page with plots, floors that CI holds, and what statistics would add.

`python -m tests.triage_report` measures and writes the page (`make triage-report`); `corpus` reads the tips, `metrics`
counts, `judging` asks the engine, `learn` fits the statistical layer (`make train`). Nothing here is part of the
product: triage itself is pure and knows nothing of its corpus.
"""
