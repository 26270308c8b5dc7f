"""What a laboratory may decide about review and reporting."""

from dataclasses import asdict, dataclass
from typing import Any


@dataclass(frozen=True)
class Policy:
    """One version of the laboratory's decisions; number 0 is what holds before anybody has decided anything."""

    number: int = 0
    reads_suspected: int = 0
    """How many independent humans read each cell of this band: none, one or two."""
    reads_uncertain: int = 1
    reads_not_suspected: int = 0
    quality_sample_share: float = 0.02
    """Share of what is not flagged otherwise that is read all the same, so that misses can be counted."""
    blind_first: bool = True
    """A reader gives a verdict before the score is shown."""
    turnaround_hours: int = 24
    """A flagged cell that has waited longer is overdue."""
    prevalence: float | None = None
    """Share of cells that are ALL in this laboratory's setting, where it has stated one."""

    def as_json(self) -> dict[str, Any]:
        """Every decision but the number."""
        told = asdict(self)
        del told["number"]
        return told
