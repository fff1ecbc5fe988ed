"""Attachments: pictures, films, recordings and papers that came with a message, sealed from their first byte.

    incoming    whoever receives a file seals it chunk by chunk on its way to the store; it cannot open it again
    fetching    the courier brings what the carrier keeps of texts with pictures the same way
    cleaning    the worker opens it, has it cleaned by `workshop` in a process that can reach nothing, seals the clean
                copy, and deletes the original; what does not open stays sealed, and its tip is there all the same
    screening   a virus scanner looks at it before that, where the operator names one
    showing     the console opens clean copies, and nothing else
    erasing     what goes with retention, and files that no row names (any more)

Of one attachment the states only move forward:

    awaited → sealed → clean | broken        awaited → lost        refused

`awaited`: still at the carrier alone. `sealed`: the original is on the store, and waits to be cleaned. `broken`: it
could not be opened and stays sealed. `refused`: too large, no room, cut off, … `lost`: the carrier has it no more.
"""
