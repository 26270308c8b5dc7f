"""The report as a PDF, read back: what stands on it, on every page, and what its fonts lack."""

import html
import re
import zlib
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from uuid import UUID, uuid4

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from app.reports.pdf import pdf_of, printable
from app.reports.report_pages import ReportPage
from app.reports.sheet import Bar, ModelFacts, ReadLine, Sheet, SignatureBlock, Tile, mixed_up
from app.web.templating import Frame
from tests.factories import Service, cell
from tests.reports.conftest import Desk

AT = datetime(2026, 11, 24, 8, 30, tzinfo=UTC)
SIGNATURE = SignatureBlock(1, "final", "Zoë Ångström", "Reviewed and verified", AT, "0123456789abcdef" * 4, None)
SHEET = Sheet(
    case_id=uuid4(),
    mark="Unverified",
    told=("Nobody has signed this report.",),
    number="S26-0001",
    subject="P-1",
    opened=AT,
    made_at=AT,
    sandbox=False,
    headline="25.0 % suspected",
    under_headline="15 of 60 usable cells; 95 % interval 5.6 % to 65.4 %",
    bar=Bar("25.00", "10.00", "25.00", "65.00", "35.00", "5.60", "65.40", "59.80"),
    rule=("The share counts suspected cells.",),
    counts=(("suspected", "ALL suspected", 15),),
    reviews=(("Read", 4),),
    refused=(("The image is out of focus.", 3),),
    never_cleared=(("Compressed with loss", 2),),
    telling=(Tile(uuid4(), "a" * 64, "01234567", "ALL suspected", "suspected", "98.00 %", None),),
    reads=(ReadLine("01234567", "Normal cell", "first read", "Rea", AT, "smooth chromatin"),),
    reads_left_out=0,
    models=(ModelFacts("cnn 1", "f" * 64, (("Trained on", "drawn cells"),), "tests", "Not a diagnosis."),),
    limits=("Not a cleared medical device.",),
    signature=None,
    history=(),
    mixed_up=mixed_up([UUID("89abcdef-0000-4000-8000-000000000000")]),
)


def pages(content: bytes) -> list[str]:
    """The text of each page, in the order in which it was drawn."""
    streams = [
        zlib.decompress(raw) for raw in re.findall(rb"stream\n(.*?)\nendstream", content, re.DOTALL) if raw[:1] == b"x"
    ]
    return [_text(stream) for stream in streams if b" Tj" in stream]


def _text(stream: bytes) -> str:
    shown = re.findall(rb"\(((?:[^()\\]|\\.)*)\) Tj", stream)
    return " ".join(re.sub(rb"\\(.)", rb"\1", one).decode("cp1252") for one in shown)


def test_what_the_sheet_says_stands_in_the_file() -> None:
    content = pdf_of(SHEET, pictures={SHEET.telling[0].id: cell(1)}, zone=UTC)

    assert content.startswith(b"%PDF-")
    assert content.count(b"/Subtype /Image") == 1
    text = " ".join(pages(content))
    for told in (
        "S26-0001", "25.0 % suspected", "95 % interval 5.6 % to 65.4 %", "3 x The image is out of focus.", "98.00 %",
        "2026-11-24 08:30 UTC, cell 01234567: Normal cell (first read), Rea. Note: smooth chromatin", "Model cnn 1",
        "Not a diagnosis.", "Not a cleared medical device.", "Nobody has signed this report.", "Not signed.",
        "Read: 4", "sent under another subject too: check for a mix-up. Cells: 89abcdef.",
    ):  # fmt: skip
        assert told in text


@pytest.mark.parametrize("signature", [None, SIGNATURE])
def test_the_page_and_the_file_say_the_same_sentences(signature: SignatureBlock | None, *, service: Service) -> None:
    sheet = replace(SHEET, sandbox=True, reads_left_out=7, signature=signature, history=(SIGNATURE,))
    page = ReportPage(sheet, case="", pdf="", pdf_letter="", whole=None, sign=None)
    frame = Frame(who=None, navigation=(), csrf="", banners=())

    on_page = plain(service.app.state.templates.text("reports/report.html", page=page, frame=frame))
    in_file = plain(" ".join(pages(pdf_of(sheet, pictures={}, zone=UTC))))

    told = (
        sheet.headline, sheet.under_headline, sheet.bar_told, sheet.counts_told, sheet.telling_told, *sheet.rule,
        *sheet.told, *sheet.limits, "ALL suspected 15", "Read 4", sheet.demonstration, sheet.more_reads or "",
        *((f"{sheet.hash_told} /reports/verify.",) if signature else (sheet.not_signed,)),
    )  # fmt: skip
    for sentence in told:
        assert plain(sentence) in on_page, sentence
        assert plain(sentence) in in_file, sentence
    assert sheet.no_reads not in on_page + in_file
    assert sheet.no_reads in " ".join(pages(pdf_of(replace(sheet, reads=(), reads_left_out=0), pictures={}, zone=UTC)))


def plain(text: str) -> str:
    """Without tags, colons and line breaks, and signs as the file's fonts have them."""
    return " ".join(html.unescape(printable(re.sub(r"<[^>]*>", "", text))).replace(": ", " ").split())


@pytest.mark.parametrize("paper", ["a4", "letter"])
def test_unverified_stands_across_every_page_and_a_signed_report_bears_no_mark(paper: str) -> None:
    many = replace(SHEET, reads=SHEET.reads * 60)

    unsigned = pages(pdf_of(many, pictures={}, zone=UTC, paper=paper))
    signed = pages(pdf_of(replace(many, mark=None, told=(), signature=SIGNATURE), pictures={}, zone=UTC, paper=paper))

    assert len(unsigned) >= 2
    assert all(page.count("UNVERIFIED") >= 1 for page in unsigned)
    assert all(f"Page {number} of {len(unsigned)}." in page for number, page in enumerate(unsigned, start=1))
    assert not any("UNVERIFIED" in page for page in signed)
    assert "Signed by: Zoë Ångström" in signed[-1]
    assert SIGNATURE.sha256 in signed[-1]
    assert all(SIGNATURE.sha256[:16] in page for page in signed)


@pytest.mark.parametrize(
    ("name", "told"),
    [
        ("Zoë Ångström", "Zoë Ångström"),
        ("علي", "[U+0639][U+0644][U+064A]"),
        ("Sena 🦠", "Sena [U+1F9A0]"),
        ("Łukasz", "[U+0141]ukasz"),
        ("O’Brien – “Sr.”", 'O\'Brien - "Sr."'),
        ("a\u202eb", "a[U+202E]b"),
        ("(back\\slash)", "(back\\slash)"),
    ],
)
def test_a_sign_that_the_fonts_lack_stands_as_its_number(name: str, told: str) -> None:
    assert printable(name) == told
    read = replace(SHEET.reads[0], reader=name, note=name * 40)

    signed = replace(SHEET, reads=(read,), signature=replace(SIGNATURE, printed_name=name), mark=None)
    content = pdf_of(signed, pictures={}, zone=UTC)

    text = " ".join(pages(content))
    assert f"Signed by: {told}" in text
    assert ("stands as its number" in text) == ("[U+" in told)


@settings(deadline=None, max_examples=50)
@given(st.text(max_size=300))
def test_whatever_somebody_is_called_the_file_is_made(name: str) -> None:
    signed = replace(SHEET, number=name, told=(name,), signature=replace(SIGNATURE, printed_name=name), mark=None)

    assert pdf_of(signed, pictures={}, zone=UTC).startswith(b"%PDF-")
    assert printable(name).encode("latin-1") is not None


def test_a_long_mark_fits_on_the_page() -> None:
    marked = pdf_of(replace(SHEET, mark="Superseded by version 1234"), pictures={}, zone=UTC)

    assert all("SUPERSEDED BY VERSION 1234" in page for page in pages(marked))


def test_a_picture_that_is_gone_or_damaged_is_left_out_of_the_report(desk: Desk) -> None:
    path = desk.case(0.99, 0.97, 0.98)
    gone, damaged, _ = sorted(desk.service.settings.image_store.glob("??/*.png"))
    gone.unlink()
    damaged.write_bytes(damaged.read_bytes()[:200])

    reply = desk.senior.get(f"{path}/report.pdf")

    assert reply.status_code == 200
    assert reply.content.startswith(b"%PDF-")


def test_the_file_that_the_service_sends_is_the_report_of_the_case(
    desk: Desk, events: Callable[[str], list[dict[str, object]]]
) -> None:
    path = desk.case(0.99, 0.97)

    unsigned = desk.senior.get(f"{path}/report.pdf?paper=letter")
    desk.sign(path)
    signed = desk.senior.get(f"{path}/report.pdf")
    version = desk.senior.get(f"{path}/versions/1.pdf")

    assert unsigned.headers["content-type"] == "application/pdf"
    assert unsigned.headers["cache-control"] == "no-store"
    assert "S26-0001" not in unsigned.headers["content-disposition"]
    assert all("UNVERIFIED" in page for page in pages(unsigned.content))
    assert b"/MediaBox [0 0 612.00 792.00]" in unsigned.content
    for reply in (signed, version):
        text = " ".join(pages(reply.content))
        assert "Signed by: Sena" in text
        assert "Insufficient cells" in text
        assert "UNVERIFIED" not in text
        assert reply.content.count(b"/Subtype /Image") == 2
    assert desk.senior.get(f"{path}/report.pdf?paper=napkin").status_code == 422
    shown = [(event["where"], event["version"]) for event in events("report.shown") if "pdf" in str(event["where"])]
    assert shown == [
        ("GET /cases/{id}/report.pdf", 0),
        ("GET /cases/{id}/report.pdf", 1),
        ("GET /cases/{id}/versions/{number}.pdf", 1),
    ]


def test_a_picture_that_is_gone_from_the_store_leaves_its_frame_empty(desk: Desk) -> None:
    path = desk.case(0.99)
    for picture in desk.service.settings.image_store.rglob("*.png"):
        picture.unlink()

    reply = desk.senior.get(f"{path}/report.pdf")

    assert reply.status_code == 200
    assert b"/Subtype /Image" not in reply.content
