"""One tree of errors. Each says whether trying again helps, its code, and what may be shown.

    TiplineError
    ├── SettingsRefused      the environment is missing something, or holds what it must not
    ├── KeyRefused           a key is missing, surplus, or does not open this
    ├── BadInput             what came in cannot be understood (shown to whoever sent it)
    │   ├── Forged           a webhook whose signature does not verify
    │   ├── Empty            nothing was said
    │   ├── TooLong          more was said than is taken at once
    │   ├── NotFound         there is no such thing
    │   └── TooLarge         more bytes than a thing of its kind may have
    ├── NotAllowed           this person or process may not do that
    └── Unavailable          a part we need is not there just now (retryable)
        └── NoRoom           the disk is nearly full: words are still taken, attachments are not

`SendError` (a message that a carrier did not take) stands with its contract in `messages.py`. `Refused` (an
alert that breaks a rule; it is a `BadInput`) stands with its findings in `exports/cap/findings.py`.

No error's text holds a reporter's words, number or token: texts are constants and codes.
"""

from __future__ import annotations


class TiplineError(Exception):
    """The root: `code` is stable and machine-readable, `public` may be shown to anyone."""

    code = "error"
    public = "Something went wrong."
    retryable = False
    status = 500

    def __init__(self, public: str | None = None) -> None:
        self.public = public or type(self).public
        super().__init__(self.public)


class SettingsRefused(TiplineError):
    """The environment is missing something, contradicts itself, or holds what this process must not have."""

    code = "settings_refused"


class KeyRefused(TiplineError):
    """A key is missing, is one too many, or does not open what it was tried on."""

    code = "key_refused"


class BadInput(TiplineError):
    """What came in cannot be understood."""

    code = "bad_input"
    public = "That could not be understood."
    status = 400


class Forged(BadInput):
    """A webhook whose signature does not verify: nothing of it is stored."""

    code = "forged"
    public = "The signature does not verify."
    status = 403


class Empty(BadInput):
    """Nothing was said: no words, no attachment."""

    code = "empty"
    public = "Write what happened."


class TooLong(BadInput):
    """More was said than is taken at once; nothing of it is stored."""

    code = "too_long"
    public = "That is too long."
    status = 413


class NotFound(BadInput):
    """There is no such thing, or this person may not know that there is."""

    code = "not_found"
    public = "There is no such thing."
    status = 404


class TooLarge(BadInput):
    """More bytes than a thing of its kind may have."""

    code = "too_large"
    public = "That file is too large."
    status = 413


class NotAllowed(TiplineError):
    """This person or process may not do that."""

    code = "not_allowed"
    public = "You may not do that."
    status = 403


class Unavailable(TiplineError):
    """A part we need is not there just now."""

    code = "unavailable"
    public = "Not available just now. Try again."
    retryable = True
    status = 503


class NoRoom(Unavailable):
    """The disk is nearly full: what room is left is kept for words."""

    code = "no_room"
    public = "There is no room for files just now. Words still get through."
    status = 507
