"""Asking: where a tip says too little, the line asks its one plain question back, and wakes a person if that fails.

`service` is the door. What is asked, and after how long a person is woken, a newcomer may change in
`gateway.core.wording` and `triage.policy`; that nobody's "hi" waits for ever must stay as it is.
"""
