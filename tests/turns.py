"""Whose turn it is to open a large image."""

from concurrent.futures import ThreadPoolExecutor

from app.vision import decode


def is_the_turn_free() -> bool:
    """Whether another thread could open a large image now."""
    with ThreadPoolExecutor(1) as another:
        return another.submit(_could_open).result()


def _could_open() -> bool:
    free = decode._LARGE.acquire(blocking=False)
    if free:
        decode._LARGE.release()
    return free
