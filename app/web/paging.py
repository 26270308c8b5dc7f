"""One page of a long list: where it begins, and the way to its neighbours."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Annotated, TypeVar
from urllib.parse import urlencode

from fastapi import Query

One = TypeVar("One")
PageNumber = Annotated[int, Query(ge=1, le=100_000)]


@dataclass(frozen=True)
class Paging:
    """`number` counts from 1. `limit` asks for one more than is shown: if it comes, a page follows. `query`: what else
    stands in the address, names and values."""

    address: str
    number: int
    length: int
    query: tuple[tuple[str, str], ...] = ()

    @property
    def offset(self) -> int:
        return (self.number - 1) * self.length

    @property
    def limit(self) -> int:
        return self.length + 1

    @property
    def newer(self) -> str | None:
        return self._at(self.number - 1) if self.number > 1 else None

    def older(self, found: Sequence[object]) -> str | None:
        return self._at(self.number + 1) if len(found) > self.length else None

    def shown(self, found: list[One]) -> list[One]:
        return found[: self.length]

    def _at(self, number: int) -> str:
        return f"{self.address}?{urlencode([*self.query, ('page', str(number))])}"
