"""The composition root, one file a process: what it is made of, which keys it loads, what it is told.

A process loads its own file alone, so the console does not even have the code that sends texts. Each file has a `run`,
and a `make` that tests may call with settings of their own. A key too many stops a process right here.
"""
