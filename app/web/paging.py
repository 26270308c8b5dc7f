"""One page of a long list: where it begins, and the way to its neighbours."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TypeVar

One = TypeVar("One")


@dataclass(frozen=True)
class Paging:
    """`number` counts from 1. `limit` asks for one more than is shown: if it comes, a page follows."""

    address: str
    number: int
    length: int

    @property
    def offset(self) -> int:
        return (self.number - 1) * self.length

    @property
    def limit(self) -> int:
        return self.length + 1

    @property
    def newer(self) -> str | None:
        return f"{self.address}?page={self.number - 1}" if self.number > 1 else None

    def older(self, found: Sequence[object]) -> str | None:
        return f"{self.address}?page={self.number + 1}" if len(found) > self.length else None

    def shown(self, found: list[One]) -> list[One]:
        return found[: self.length]
