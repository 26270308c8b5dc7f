"""What may be a password, after NIST SP 800-63B: its length, and none that everybody tries. No rules of composition."""

import re
from itertools import pairwise

from app.errors import Invalid

PASSWORD_LENGTH_LEAST = 12
PASSWORD_LENGTH_MOST = 256
LOOKS_LIKE = str.maketrans("013457@$!|", "oieastasil")
WALKS = (
    "qwertyuiopasdfghjklzxcvbnm",
    "qwertzuiopasdfghjklyxcvbnm",
    "azertyuiopqsdfghjklmwxcvbn",
    "qazwsxedcrfvtgbyhnujmikolp",
    "abcdefghijklmnopqrstuvwxyz",
    "1qaz2wsx3edc4rfv5tgb6yhn7ujm8ik9ol0p",
    "12345678901234567890",
)
"""Along the keyboard, the alphabet and the numbers; people type them forwards and backwards."""


class UnusablePassword(Invalid):
    code = "password_unusable"


def check_password(password: str, *, username: str, common: frozenset[str]) -> None:
    """`common`: lower-case words that many passwords are made of. Raises UnusablePassword."""
    if not PASSWORD_LENGTH_LEAST <= len(password) <= PASSWORD_LENGTH_MOST:
        raise UnusablePassword(
            f"A password has {PASSWORD_LENGTH_LEAST} to {PASSWORD_LENGTH_MOST} characters. A sentence makes a good one."
        )
    if username in password.lower() or _repeats_itself(password):
        raise UnusablePassword("That password is too easy to guess: it repeats itself or holds the user name.")
    if is_common(password, common=common):
        raise UnusablePassword(
            "That password is one of those that everybody tries: a common word or keys in a row, with a little added. "
            "A sentence of your own makes a good one."
        )


def _repeats_itself(password: str) -> bool:
    """Few different characters, or one piece again and again."""
    return len(set(password)) < 5 or (password + password).find(password, 1) < len(password)


def is_common(password: str, *, common: frozenset[str]) -> bool:
    """Whether nothing is left but one or two common words or a walk, once digits, signs and look-alikes are undone."""
    plain = password.lower()
    if plain in common or _is_walk(plain):
        return True
    word = re.sub(r"^[^a-z]+|[^a-z]+$", "", plain)
    for spelt in (plain, word.translate(LOOKS_LIKE)):
        letters = re.sub(r"[^a-z]", "", spelt)
        if letters and (_is_walk(letters) or _made_of_two(letters, common)):
            return True
    return False


def _is_walk(text: str) -> bool:
    steps = {(ord(second) - ord(first)) % 10 for first, second in pairwise(text)} if text.isdecimal() else set()
    both_ways = (*WALKS, *(walk[::-1] for walk in WALKS))
    return len(steps) == 1 or (len(text) >= 4 and any(text in walk for walk in both_ways))


def _made_of_two(letters: str, common: frozenset[str]) -> bool:
    return letters in common or any(
        letters[:cut] in common and letters[cut:] in common for cut in range(3, len(letters) - 2)
    )
