"""Canonical bytes and their digests: what the ledger chains, and how it binds what it does not hold."""

import hashlib
import hmac
import json
from typing import Any


def canonical_json(value: Any) -> bytes:
    """One spelling for equal values: sorted keys, no spaces, ASCII only, shortest exact floats; NaN is refused."""
    return json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=True, allow_nan=False).encode("ascii")


def digest(value: Any) -> str:
    """SHA-256 of the canonical JSON, in hexadecimal."""
    return hashlib.sha256(canonical_json(value)).hexdigest()


def salted_digest(value: Any, *, salt: str) -> str:
    """Binds `value` without giving it away: once value and salt are purged, nobody can guess it back."""
    return hmac.new(salt.encode("ascii"), canonical_json(value), hashlib.sha256).hexdigest()
