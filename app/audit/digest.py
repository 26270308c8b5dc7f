"""Canonical bytes and their digests: what the ledger chains, and how it binds what it does not hold."""

import hashlib
import hmac
import json
from datetime import UTC, datetime
from typing import Any
from uuid import UUID


def canonical_json(value: Any) -> bytes:
    """One spelling for equal values: sorted keys, no spaces, ASCII only, shortest exact floats; NaN is refused."""
    return json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=True, allow_nan=False).encode("ascii")


def digest(value: Any) -> str:
    """SHA-256 of the canonical JSON, in hexadecimal."""
    return hashlib.sha256(canonical_json(value)).hexdigest()


def salted_digest(value: Any, *, salt: str) -> str:
    """Binds `value` without giving it away: once value and salt are purged, nobody can guess it back."""
    return hmac.new(salt.encode("ascii"), canonical_json(value), hashlib.sha256).hexdigest()


def told_of(row: object, *columns: str) -> dict[str, Any]:
    """What these columns of a row hold, by name, as a digest takes it: an id as text, a time as `told_time` has it."""
    return {name: _told(getattr(row, name)) for name in columns}


def told_time(at: datetime) -> str:
    """ISO 8601 in UTC, to the microsecond. `at` is aware."""
    return at.astimezone(UTC).isoformat(timespec="microseconds")


def _told(value: object) -> object:
    if isinstance(value, UUID):
        return str(value)
    return told_time(value) if isinstance(value, datetime) else value
