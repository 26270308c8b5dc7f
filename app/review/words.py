"""How pages say what reviewers decided."""

from app.review.queries import Review
from app.review.rules import ReviewState, Verdict

VERDICTS = {
    Verdict.LEUKAEMIC_BLAST: "Leukaemic blast",
    Verdict.NORMAL: "Normal cell",
    Verdict.CANNOT_TELL: "Cannot tell",
    Verdict.UNUSABLE_IMAGE: "Unusable image",
}
STATES = {
    ReviewState.NOT_NEEDED: "No human read was asked for.",
    ReviewState.WAITING: "Waiting for a human read.",
    ReviewState.READING: "Being read.",
    ReviewState.SETTLED: "Read.",
}


def verdict(code: str | None) -> str:
    return VERDICTS[Verdict(code)] if code else "–"


def review(made: Review) -> str:
    if made.state is ReviewState.SETTLED:
        return f"Read: {verdict(made.verdict)}"
    return STATES[made.state]
