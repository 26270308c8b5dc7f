"""How often a lab client may ask, and how often an address may send keys that are none or answers of no provider.

Counted by the library `limits`, in this process or, by URL, in a store that several workers share. Its import is slow:
it waits for the first key that is sent, unless the settings differ from the defaults and must be checked at start-up.
"""

import math
from dataclasses import dataclass
from functools import cached_property
from threading import Lock
from typing import TYPE_CHECKING

import structlog

from app import clock
from app.errors import Misconfigured, TooOften
from app.settings import Settings

if TYPE_CHECKING:
    from limits import RateLimitItem
    from limits.strategies import RateLimiter

log = structlog.get_logger("blastscreen.rate_limit")
POLICY = "client"


class UnusableRateLimit(Misconfigured):
    code = "rate_limit_unusable"


class AskedTooOften(TooOften):
    code = "rate_limited"

    def __init__(self, *, retry_after_s: int) -> None:
        message = f"Too many requests have come. Wait {retry_after_s} s, then send this again."
        super().__init__(message, retry_after_s=retry_after_s)


@dataclass(frozen=True)
class Allowance:
    """What is left to somebody of the limit in the present window."""

    most: int
    window_s: int
    left: int
    resets_in_s: int
    spent: bool

    @property
    def headers(self) -> dict[str, str]:
        """As the IETF's draft on RateLimit header fields has them."""
        return {
            "ratelimit-policy": f'"{POLICY}";q={self.most};w={self.window_s}',
            "ratelimit": f'"{POLICY}";r={self.left};t={self.resets_in_s}',
        }


class RateLimit:
    def __init__(self, *, rate: str, store: str) -> None:
        self._rate = rate
        self._store = store
        self._making = Lock()

    def check(self) -> None:
        """Raises UnusableRateLimit where rate or store cannot be used."""
        _ = self._made

    @cached_property
    def _made(self) -> "tuple[RateLimitItem, RateLimiter]":
        from limits import parse
        from limits.errors import ConfigurationError
        from limits.storage import storage_from_string
        from limits.strategies import SlidingWindowCounterRateLimiter

        try:
            storage = storage_from_string(self._store, wrap_exceptions=True)
            return parse(self._rate), SlidingWindowCounterRateLimiter(storage)
        except ValueError as error:
            raise UnusableRateLimit("BLASTSCREEN_RATE_LIMIT is read as `600/minute`; this one is not.") from error
        except ConfigurationError as error:
            raise UnusableRateLimit(f"BLASTSCREEN_RATE_LIMIT_STORE cannot be used: {error}") from error

    def spend(self, who: str) -> Allowance | None:
        """Count one more of `who`'s requests; None, and a line in the log, where the shared store does not answer: its
        outage must not stop a laboratory, and lets in nobody whose key is not good."""
        from limits.errors import StorageError

        with self._making:
            item, limiter = self._made
        try:
            within = limiter.hit(item, who)
            stats = limiter.get_window_stats(item, who)
        except StorageError as error:
            log.warning("rate limit store does not answer", kind=type(error.storage_error).__name__)
            return None
        resets_in_s = max(1, math.ceil(stats.reset_time - clock.now().timestamp()))
        return Allowance(item.amount, item.get_expiry(), stats.remaining, resets_in_s, spent=not within)


def make_rate_limit(settings: Settings) -> RateLimit:
    """Raises UnusableRateLimit; the defaults need no check."""
    limit = RateLimit(rate=settings.rate_limit, store=settings.rate_limit_store)
    if {"rate_limit", "rate_limit_store"} & settings.model_fields_set:
        limit.check()
    return limit
