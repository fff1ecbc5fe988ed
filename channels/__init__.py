"""How words come in and go out: each channel turns its own dress of a message into ours, and ours into its own.

A channel is one file, or one package when it has pages: `sms.py` speaks to Twilio, `phone/` plays Twilio on your own
machine. A newcomer may add a channel beside them; none of them decides what a tip means, and none talks to another.
"""
