"""How long sign-in waits after wrong passwords, which codes of a second step count, and what a browser is called."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from ipaddress import IPv6Address, ip_address

CODE_STEP_S = 30
CODE_STEPS_OFF = 1  # clocks differ: the code before and the code after count too
HALF_SIGN_IN_LIFE = timedelta(minutes=10)


@dataclass(frozen=True)
class Patience:
    """After `free` failures within `window` each attempt waits: `first`, then twice as long each time, up to `most`."""

    free: int
    first: timedelta = timedelta(seconds=30)
    most: timedelta = timedelta(minutes=15)
    window: timedelta = timedelta(hours=1)


ACCOUNT_PATIENCE = Patience(free=5)
ADDRESS_PATIENCE = Patience(free=20)
"""An address may be a whole hospital's."""


def wait_left(failures: Sequence[datetime], *, patience: Patience, now: datetime) -> timedelta:
    """How long the next attempt must still wait; zero where it may be made. `failures` are those within the window."""
    beyond = len(failures) - patience.free
    if beyond < 0:
        return timedelta()
    pause = min(patience.first * (1 << min(beyond, 16)), patience.most)
    return max(max(failures) + pause - now, timedelta())


def in_words(wait: timedelta) -> str:
    """Rounded up, so that who waits this long has waited long enough."""
    seconds = -(-wait // timedelta(seconds=1))
    if seconds < 60:
        return f"{seconds} second{'' if seconds == 1 else 's'}"
    minutes = -(-seconds // 60)
    return f"{minutes} minute{'' if minutes == 1 else 's'}"


def address_group(host: str) -> str:
    """The address that counts: of IPv6 the network of 64 bits, of which one subscriber has all."""
    try:
        address = ip_address(host)
    except ValueError:
        return host
    if isinstance(address, IPv6Address) and address.ipv4_mapped is None:
        return str(IPv6Address(int(address) >> 64 << 64))
    return str(address.ipv4_mapped or address) if isinstance(address, IPv6Address) else str(address)


@dataclass(frozen=True)
class SessionLimits:
    """A session ends after `idle` unused, and after `life` anyway."""

    idle: timedelta
    life: timedelta


def session_lives(*, created_at: datetime, last_seen_at: datetime, limits: SessionLimits, now: datetime) -> bool:
    return now - last_seen_at < limits.idle and now - created_at < limits.life


def counters_that_count(now: datetime, *, last: int | None) -> list[int]:
    """The time steps whose codes are taken now: none that is not later than `last`, so that a code works once."""
    current = int(now.timestamp()) // CODE_STEP_S
    nearby = range(current - CODE_STEPS_OFF, current + CODE_STEPS_OFF + 1)
    return [counter for counter in nearby if last is None or counter > last]


BROWSERS = (("Edg", "Edge"), ("OPR", "Opera"), ("Firefox", "Firefox"), ("Chrome", "Chrome"), ("Safari", "Safari"))
SYSTEMS = (
    ("Android", "Android"),
    ("iPhone", "iPhone"),
    ("iPad", "iPad"),
    ("Windows", "Windows"),
    ("Mac OS", "Mac"),
    ("Linux", "Linux"),
)


def browser_name(user_agent: str) -> str:
    """What its owner knows a browser by, `Firefox on Linux`; nothing else of the header is kept."""
    browser = next((name for mark, name in BROWSERS if mark in user_agent), "A browser")
    system = next((name for mark, name in SYSTEMS if mark in user_agent), None)
    return f"{browser} on {system}" if system else browser
