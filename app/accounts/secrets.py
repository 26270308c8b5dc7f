"""Passwords, tokens and keys: made, hashed, compared.

Passwords are hashed by argon2id (slow on purpose); tokens and keys carry 256 random bits, so SHA-256 is enough.
"""

import base64
import hashlib
import hmac
import secrets
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from threading import BoundedSemaphore

from pwdlib import PasswordHash

HERE = Path(__file__).parent
KEY_MARK = "bs"
RECOVERY_CODES = 10
HASHED_AT_ONCE = 4
_places = BoundedSemaphore(HASHED_AT_ONCE)
"""A password that is hashed takes 64 MiB: strangers who sign in all at once must not take the machine's memory."""


@cache
def _hasher() -> PasswordHash:
    return PasswordHash.recommended()


@cache
def _nobody() -> str:
    return _hasher().hash(secrets.token_urlsafe(16))


def hash_password(password: str) -> str:
    with _places:
        return _hasher().hash(password)


def password_fits(password: str, *, stored: str | None) -> bool:
    """Takes as long for a user there is not (`stored` is None) as for one there is."""
    with _places:
        fits = _hasher().verify(password, stored or _nobody())
    return fits and stored is not None


def unknown_password_hash() -> str:
    """A hash that no password fits, for an account whose owner has not chosen one yet."""
    return hash_password(new_token())


@cache
def common_words() -> frozenset[str]:
    """What many passwords are made of: `common_passwords.txt`, a list of our own."""
    return frozenset((HERE / "common_passwords.txt").read_text("ascii").split())


def keyed_digest(text: str, *, key: str) -> str:
    """Equal for equal texts, and not to be guessed back without the key, as few as the possible texts may be."""
    return hmac.new(key.encode("ascii"), text.encode("utf-8"), hashlib.sha256).hexdigest()


def new_recovery_codes() -> list[str]:
    """Ten codes of 80 random bits, in groups that can be copied by hand."""
    return [_grouped(base64.b32encode(secrets.token_bytes(10)).decode("ascii").lower()) for _ in range(RECOVERY_CODES)]


def _grouped(letters: str) -> str:
    return "-".join(letters[start : start + 4] for start in range(0, len(letters), 4))


def recovery_code_sha256(typed: str) -> str:
    """Of the letters and digits alone: groups, spaces and capitals do not matter."""
    return token_sha256("".join(one for one in typed.lower() if one.isalnum()))


def new_token() -> str:
    return secrets.token_urlsafe(32)


def token_sha256(token: str) -> str:
    return hashlib.sha256(token.encode("utf-8")).hexdigest()


@dataclass(frozen=True)
class NewKey:
    prefix: str
    secret: str

    @property
    def whole(self) -> str:
        """What the client sends: `bs_<prefix>_<secret>`; shown once, stored nowhere."""
        return f"{KEY_MARK}_{self.prefix}_{self.secret}"


def new_key() -> NewKey:
    return NewKey(prefix=secrets.token_hex(4), secret=secrets.token_urlsafe(32))


def split_key(whole: str) -> tuple[str, str] | None:
    """(prefix, secret) of a well-formed key, else None."""
    mark, _, rest = whole.partition("_")
    prefix, _, secret = rest.partition("_")
    if mark != KEY_MARK or len(prefix) != 8 or not prefix.isalnum() or not secret:
        return None
    return prefix, secret


def same(left: str, right: str) -> bool:
    return hmac.compare_digest(left.encode("utf-8"), right.encode("utf-8"))
