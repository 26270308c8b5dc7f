"""The sheet as a PDF (fpdf2), A4 or Letter.

It is set in the fonts that every reader of PDF has (Helvetica, Courier), which know Latin letters only. A sign that
they lack stands as its number in Unicode, `[U+0639]`: exact, never left out, never another sign in its place.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime, tzinfo
from io import BytesIO
from typing import TYPE_CHECKING
from uuid import UUID

from app.reports.sheet import Bar, ModelFacts, Sheet, SignatureBlock, Tile
from app.web import times

if TYPE_CHECKING:
    from fpdf import FPDF

PAPERS = {"a4": "A4", "letter": "Letter"}
MARGIN_MM = 18.0
FOOT_MM = 20.0
TILES_A_ROW = 6
GAP_MM = 3.0
COLOURS = {
    "suspected": (163, 35, 46),
    "uncertain": (216, 168, 74),
    "not_suspected": (122, 182, 189),
    "ink": (34, 28, 43),
    "soft": (91, 83, 102),
    "line": (190, 182, 200),
}
SUBSTITUTES = str.maketrans({"–": "-", "—": "-", "…": "...", "’": "'", "“": '"', "”": '"', "\u202f": " "})
LACKING = "A sign that this file's fonts lack stands as its number in Unicode; the page on screen shows it."


def printable(text: str) -> str:
    """As the core fonts can print it: Latin-1, and every other sign as its number."""
    return "".join(sign if _has(sign) else f"[U+{ord(sign):04X}]" for sign in text.translate(SUBSTITUTES))


def _has(sign: str) -> bool:
    return sign == "\n" or " " <= sign <= "~" or "\u00a0" <= sign <= "\u00ff"


def pdf_of(sheet: Sheet, *, pictures: Mapping[UUID, bytes], zone: tzinfo, paper: str = "a4") -> bytes:
    """`pictures`: PNG files by the tile's id; where one is missing its frame stays empty."""
    page = _Page(_blank(sheet, paper=PAPERS[paper]), zone=zone)
    page.head(sheet)
    page.result(sheet)
    page.gallery(sheet.telling, pictures, told=sheet.telling_told)
    page.reads(sheet)
    page.models(sheet.models)
    page.listed("Limits", sheet.limits)
    page.signed(sheet)
    page.stamp(sheet)
    return bytes(page.pdf.output())


def _blank(sheet: Sheet, *, paper: str) -> "FPDF":
    from fpdf import FPDF  # noqa: PLC0415  start-up time is counted, and few replies need it

    pdf = FPDF(format=paper)
    pdf.set_margin(MARGIN_MM)
    pdf.set_auto_page_break(True, margin=FOOT_MM)
    pdf.set_title("Cell image screening report")
    pdf.set_creator("Blastscreen")
    pdf.set_lang("en")
    pdf.set_creation_date(sheet.made_at)
    pdf.add_page()
    return pdf


class _Page:
    """The pen on the paper."""

    def __init__(self, pdf: "FPDF", *, zone: tzinfo) -> None:
        self.pdf = pdf
        self.zone = zone
        self.lacked = False

    def printable(self, text: str) -> str:
        told = printable(text)
        self.lacked = self.lacked or told.count("[U+") > text.count("[U+")
        return told

    def when(self, at: datetime) -> str:
        return times.absolute(at, zone=self.zone)

    def write(
        self, text: str, *, size: float = 9.5, bold: bool = False, colour: str = "ink", font: str = "Helvetica"
    ) -> None:
        """A paragraph over the whole width."""
        self.pdf.set_font(font, "B" if bold else "", size)
        self.pdf.set_text_color(*COLOURS[colour])
        self.pdf.multi_cell(0, size * 0.48, self.printable(text), align="L", new_x="LMARGIN", new_y="NEXT")

    def heading(self, text: str, *, room_mm: float = 30) -> None:
        """With room for what it heads."""
        if self.pdf.will_page_break(room_mm):
            self.pdf.add_page()
        self.pdf.ln(3.5)
        self.write(text, size=11.5, bold=True)
        self.pdf.ln(0.8)

    def listed(self, title: str, lines: Sequence[str]) -> None:
        if lines:
            self.heading(title)
            for line in lines:
                self.write(f"- {line}")

    def facts(self, pairs: Sequence[tuple[str, str]]) -> None:
        for name, value in pairs:
            self.pdf.set_font("Helvetica", "", 9.5)
            self.pdf.set_text_color(*COLOURS["ink"])
            told = self.printable(f"{name}: {value}")
            self.pdf.multi_cell(0, 4.6, told, align="L", new_x="LMARGIN", new_y="NEXT")

    def head(self, sheet: Sheet) -> None:
        self.write("Blastscreen: screening support for professionals, never a diagnosis", size=8.5, colour="soft")
        self.write("Cell image screening report", size=17, bold=True)
        self.pdf.ln(1)
        self.facts(
            [
                ("Case", sheet.number),
                ("Subject", sheet.subject),
                ("Opened", self.when(sheet.opened)),
                ("This report was made", self.when(sheet.made_at)),
            ]
        )
        for line in (*([sheet.mark.upper()] if sheet.mark else []), *sheet.told):
            self.write(line, bold=True, colour="suspected")
        if sheet.mixed_up:
            self.write(sheet.mixed_up.line, bold=True, colour="suspected")
        if sheet.sandbox:
            self.write(sheet.demonstration, bold=True)

    def result(self, sheet: Sheet) -> None:
        self.heading("Result")
        self.write(sheet.headline, size=19, bold=True)
        self.write(sheet.under_headline, size=10.5)
        if sheet.bar:
            self.bar(sheet.bar, told=sheet.bar_told)
        self.pdf.ln(1.5)
        self.facts([(told, str(number)) for _, told, number in sheet.counts])
        self.write(sheet.counts_told, size=8.5, colour="soft")
        self.pdf.ln(1.5)
        self.facts([(told, str(number)) for told, number in sheet.reviews])
        self.listed("Images that were refused", [f"{number} x {told}" for told, number in sheet.refused])
        self.listed(sheet.never_cleared_title, [f"{number} x {told}" for told, number in sheet.never_cleared])
        self.pdf.ln(1.5)
        for line in sheet.rule:
            self.write(line, size=8.5, colour="soft")

    def bar(self, bar: Bar, *, told: str) -> None:
        """What the usable cells count as, and under it the interval of the suspected share."""
        left, wide, top = self.pdf.l_margin, self.pdf.epw / 100, self.pdf.get_y() + 2
        parts = (
            ("suspected", "0", bar.suspected),
            ("uncertain", bar.uncertain_from, bar.uncertain),
            ("not_suspected", bar.not_suspected_from, bar.not_suspected),
        )
        for colour, start, width in parts:
            self.pdf.set_fill_color(*COLOURS[colour])
            self.pdf.rect(left + float(start) * wide, top, float(width) * wide, 6, style="F")
        self.pdf.set_draw_color(*COLOURS["ink"])
        self.pdf.set_line_width(0.5)
        low, high = left + float(bar.low) * wide, left + float(bar.high) * wide
        self.pdf.line(low, top + 9, high, top + 9)
        for end in (low, high):
            self.pdf.line(end, top + 7.5, end, top + 10.5)
        self.pdf.set_y(top + 11.5)
        self.write(told, size=8, colour="soft")

    def gallery(self, tiles: Sequence[Tile], pictures: Mapping[UUID, bytes], *, told: str) -> None:
        if not tiles:
            return
        side = (self.pdf.epw - GAP_MM * (TILES_A_ROW - 1)) / TILES_A_ROW
        self.heading("The most telling cells", room_mm=side + 35)
        self.write(told, size=8.5, colour="soft")
        self.pdf.ln(1)
        for first in range(0, len(tiles), TILES_A_ROW):
            if self.pdf.will_page_break(side + 14):
                self.pdf.add_page()
            top = self.pdf.get_y()
            for place, tile in enumerate(tiles[first : first + TILES_A_ROW]):
                self.tile(
                    tile, pictures.get(tile.id), left=self.pdf.l_margin + place * (side + GAP_MM), top=top, side=side
                )
            self.pdf.set_xy(self.pdf.l_margin, top + side + 14)

    def tile(self, tile: Tile, picture: bytes | None, *, left: float, top: float, side: float) -> None:
        self.pdf.set_fill_color(0, 0, 0)
        self.pdf.rect(left, top, side, side, style="F")
        if picture is not None:
            told = f"Cell {tile.short_id}, {tile.band}"
            self.pdf.image(BytesIO(picture), left, top, side, side, keep_aspect_ratio=True, alt_text=told)
        self.pdf.set_xy(left, top + side + 0.5)
        self.pdf.set_text_color(*COLOURS["ink"])
        for bold, line in (
            (True, tile.band),
            (False, f"{tile.short_id}  {tile.probability}"),
            (False, tile.verdict or ""),
        ):
            self.pdf.set_font("Helvetica", "B" if bold else "", 7.5)
            read = f"Read: {line}" if line and line == tile.verdict else line
            self.pdf.cell(side, 3.6, self.printable(read), new_x="LEFT", new_y="NEXT")

    def reads(self, sheet: Sheet) -> None:
        lines = []
        for read in sheet.reads:
            note = f" Note: {read.note}" if read.note else ""
            told = f"{read.verdict} ({read.kind})" if read.kind else read.verdict
            lines.append(f"{self.when(read.at)}, cell {read.short_id}: {told}, {read.reader}.{note}")
        more = [sheet.more_reads] if sheet.more_reads else []
        self.listed("Human reads", [*lines, *more] or [sheet.no_reads])

    def models(self, models: Sequence[ModelFacts]) -> None:
        for model in models:
            self.heading(f"Model {model.name}")
            self.facts([*model.facts, ("Hash of the model", model.sha256)])
            self.write(model.intended_use, size=8.5, colour="soft")
            self.write(model.statement, bold=True)

    def signed(self, sheet: Sheet) -> None:
        self.heading("Signature", room_mm=45 if sheet.signature else 18)
        if sheet.signature is None:
            self.write(sheet.not_signed, bold=True)
        else:
            self.block(sheet.signature)
            self.write(f"{sheet.hash_told} {sheet.checked_at}.", size=8.5, colour="soft")
        told = (
            f"Version {one.number}, {one.status}: {one.printed_name}, {self.when(one.at)}. {one.meaning}. {one.sha256}"
            for one in sheet.other_versions
        )
        self.listed("Other versions", list(told))

    def block(self, signature: SignatureBlock) -> None:
        self.facts(
            [
                ("Signed by", signature.printed_name),
                ("At", self.when(signature.at)),
                ("Meaning", signature.meaning),
                ("Version", f"{signature.number}, {signature.status}"),
            ]
        )
        self.write("Verification hash:")
        self.write(signature.sha256, font="Courier", size=9.5)

    def stamp(self, sheet: Sheet) -> None:
        """On every page: which one it is, and across it the mark of a report that must not be taken for a valid one."""
        pages, foot = self.pdf.pages_count, f"Case {sheet.number}"
        if sheet.signature is not None:
            foot += f", version {sheet.signature.number}, {sheet.signature.sha256[:16]}"
        self.pdf.set_auto_page_break(False)
        for number in range(1, pages + 1):
            self.pdf.page = number
            self.pdf.set_font("Helvetica", "", 8)
            self.pdf.set_text_color(*COLOURS["soft"])
            self.pdf.set_xy(self.pdf.l_margin, self.pdf.h - 14)
            self.pdf.cell(0, 4, printable(f"{foot}. Page {number} of {pages}.{' ' + LACKING if self.lacked else ''}"))
            if sheet.mark:
                self.across(sheet.mark)

    def across(self, mark: str) -> None:
        size = min(96.0, 1500 / len(mark))
        self.pdf.set_font("Helvetica", "B", size)
        self.pdf.set_text_color(*COLOURS["suspected"])
        middle = self.pdf.w / 2, self.pdf.h / 2
        with self.pdf.local_context(fill_opacity=0.16), self.pdf.rotation(52, *middle):
            wide = self.pdf.get_string_width(mark.upper())
            self.pdf.text(middle[0] - wide / 2, middle[1] + size * 0.12, mark.upper())
