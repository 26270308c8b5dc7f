"""The kinds of error. A concrete error lives beside its cause, names what happened and says what the reader can do.

BlastscreenError
├── Invalid          what was sent cannot be used as it is          (mend it, send it again)
│   ├── Unreadable       what was sent cannot be taken apart
│   ├── TooLarge         what was sent is over a limit
│   ├── TooSlow          what was sent did not come in time
│   └── UnsupportedType  what was sent is of a kind that is not read here
├── NotFound         there is no such thing, or not for this reader
├── Conflict         it clashes with what is already recorded
├── NotSignedIn      nobody is known to be asking
├── Refused          somebody may not do this; where it carries an event, the ledger remembers that they tried
│   └── NotRecognised  a wrong password, key or one-time link
├── TooOften         more than is allowed in that time: wait as long as it says
├── Unavailable      for now: try again later
└── Misconfigured    the service cannot start, or a command cannot run, until its operator mends something

This module knows no HTTP: `app.web.errors` alone gives each kind a status.
"""


class BlastscreenError(Exception):
    """Base of every error that this project raises on purpose.

    `code` is stable and machine-readable; the message is a sentence or two for a person:
    what was wrong, and what to do about it.
    """

    code: str = "error"

    def __init__(self, message: str, *, code: str | None = None) -> None:
        super().__init__(message)
        self.message = message
        if code is not None:
            self.code = code


class Invalid(BlastscreenError):
    code = "invalid"


class Unreadable(Invalid):
    code = "bad_request"


class TooLarge(Invalid):
    code = "too_large"


class TooSlow(Invalid):
    code = "too_slow"


class UnsupportedType(Invalid):
    code = "unsupported_type"


class NotFound(BlastscreenError):
    code = "not_found"


class Conflict(BlastscreenError):
    code = "conflict"


class NotSignedIn(BlastscreenError):
    code = "not_signed_in"


class Refused(BlastscreenError):
    code = "refused"


class NotRecognised(Refused):
    code = "not_recognised"


class TooOften(BlastscreenError):
    code = "too_often"

    def __init__(self, message: str, *, retry_after_s: int) -> None:
        super().__init__(message)
        self.retry_after_s = retry_after_s


class Unavailable(BlastscreenError):
    code = "unavailable"


class Misconfigured(BlastscreenError):
    code = "misconfigured"
