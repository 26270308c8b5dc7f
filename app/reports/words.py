"""How pages and reports say how a case stands. Never a diagnosis."""

from app.reports.rules import CaseState, RollUp
from app.review.rules import Verdict
from app.screening.words import percent
from app.vision.quality import Unusable, explain

STATES = {
    CaseState.OPEN: "Open: no usable cell yet",
    CaseState.WAITING: "Waiting for reads",
    CaseState.READY: "Ready to sign",
    CaseState.SIGNED: "Signed",
    CaseState.AMENDED: "Signed, amended",
    CaseState.WITHDRAWN: "Withdrawn",
    CaseState.UNNAMED: "Needs a case number",
    CaseState.MISMATCH: "Signature does not match",
    CaseState.ALTERED: "Record altered",
}
TONES = {
    CaseState.OPEN: "plain",
    CaseState.WAITING: "warn",
    CaseState.READY: "plain",
    CaseState.SIGNED: "good",
    CaseState.AMENDED: "good",
    CaseState.WITHDRAWN: "bad",
    CaseState.UNNAMED: "warn",
    CaseState.MISMATCH: "bad",
    CaseState.ALTERED: "bad",
}


def tone(state: CaseState, *, stands: bool) -> str:
    """`stands`: nothing has come since the signature, and nothing was renamed: only then is it as green as can be."""
    return "plain" if TONES[state] == "good" and not stands else TONES[state]


WITHDRAWN_SINCE = "It was signed, and its case was withdrawn afterwards."
CHANGED = "Changed since it was signed: amend it."
RENAMED = (
    "The case number or the subject was corrected since this version was signed. Neither is shown: of what they were "
    "then, the record keeps only a digest."
)
NOT_SHOWN = "not shown"
FAULT = "Unverified: do not rely on this report. Tell whoever runs this service."
OWN_UPLOAD = "You sent in every cell of this case, so somebody else must sign it."
RULE = (
    "The share counts suspected cells among the usable ones; an uncertain cell is usable and not suspected. Where a "
    "human has settled a cell, that verdict takes the place of the model's band. An image screened more than once "
    "counts once."
)
LIMITS = (
    "The cells are those that were sent: the interval knows nothing of how they were chosen.",
    "Most cells are called by a model alone; a human has read those that the report lists.",
    (
        "A cell of an unusual stain, outline or detail, or whose image was compressed with loss or is of an unusual "
        "size, is uncertain however low its score, until a human has read it."
    ),
    "A share of suspected cells is no blast count and no differential.",
)
NOT_CLEARED = "Blastscreen is not a cleared medical device."
DEMONSTRATION = "Demonstration: drawn cells, or a model trained on them. It says nothing about a patient."
BAR = "From the left: suspected, uncertain, not suspected. The line below is the 95 % interval of the suspected share."
BANDS = "The model’s bands, before any human read. Here an image screened more than once counts each time."
TELLING = "Under each cell: the model’s band and its ALL probability, and the cell’s short name."
NEVER_CLEARED = "Cells whose low score clears nothing"
ANOTHER_READ = "Another read asked for"
NO_READS = "No cell of this case has been read to the end by a human."
NOT_SIGNED = "Not signed. Until a senior has signed it, nothing in this report is final."
HASH = "The SHA-256 of what was signed. Whoever is signed in to Blastscreen can check it at"
CHECKED_AT = "/reports/verify"


def headline(rolled: RollUp) -> str:
    """No share while a cell waits for a read, nor where uncertain cells would pass unnamed."""
    if rolled.counted == 0:
        return "No usable cells"
    if rolled.counted < rolled.minimum:
        return "Insufficient cells"
    if rolled.share is None:
        return f"{_called(rolled)} of {rolled.counted}"
    share = f"{percent(rolled.share, decimals=1)} suspected"
    return f"{share}, {percent(rolled.uncertain / rolled.counted, decimals=1)} uncertain" if rolled.uncertain else share


def under_headline(rolled: RollUp, *, withdrawn: bool = False) -> str:
    """`withdrawn`: its case was, so that what still waited is not read any more."""
    unread = _never_read(rolled) if withdrawn else _unread(rolled)
    if rolled.counted and rolled.share is None and rolled.counted >= rolled.minimum:
        return f"{_usable(rolled)}. No share{'' if withdrawn else ' yet'}: {unread}"
    if rolled.share is None or rolled.low is None or rolled.high is None:
        waits = f". {unread}" if rolled.unread else ""
        return f"{_usable(rolled)}, of which {_called(rolled)}; a share needs {rolled.minimum}{waits}"
    called = _called(rolled) if rolled.uncertain else str(rolled.suspected)
    reach = f"{percent(rolled.low, decimals=1)} to {percent(rolled.high, decimals=1)}"
    of_suspected = " of the suspected share" if rolled.uncertain else ""
    return f"{called} of {_usable(rolled)}; 95 % interval{of_suspected} {reach}"


def _called(rolled: RollUp) -> str:
    return f"{rolled.suspected} suspected, {rolled.uncertain} uncertain"


def _usable(rolled: RollUp) -> str:
    return "1 usable cell" if rolled.counted == 1 else f"{rolled.counted} usable cells"


def _unread(rolled: RollUp) -> str:
    cells = "1 cell still needs" if rolled.unread == 1 else f"{rolled.unread} cells still need"
    return f"{cells} a human read."


def _never_read(rolled: RollUp) -> str:
    cells = (
        "1 cell that needed a human read" if rolled.unread == 1 else f"{rolled.unread} cells that needed a human read"
    )
    return f"{cells} got none."


def interval(rolled: RollUp) -> str:
    """What the interval allows for."""
    return (
        "The interval (Wilson, 95 %) allows for cells of one subject being called alike: by this project's evaluation "
        f"with an intraclass correlation of {rolled.alike:g}, so that {rolled.counted} cells tell as much as "
        f"{rolled.worth:.1f} independent ones."
    )


def mixed_up(cells: int) -> str:
    """Of the cells that bear such a reason for review."""
    images = "The image of 1 cell of this case was" if cells == 1 else f"The images of {cells} cells of this case were"
    return f"{images} sent under another subject too: check for a mix-up."


def refusal(reason: str) -> str:
    if reason == Verdict.UNUSABLE_IMAGE:
        return "A reader called the image unusable."
    return explain(Unusable(reason))
