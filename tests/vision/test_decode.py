import io
import struct
import zlib
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from PIL import Image, ImageOps

from app.errors import TooLarge, UnsupportedType
from app.vision.decode import LARGE_PIXELS, Limits, Rejected, decode, opened, pixels_sha256, read_picture
from app.vision.drawn import Look, draw, png
from tests.turns import is_the_turn_free

LIMITS = Limits()
CELL = draw(1, Look.BLAST)
PICTURE = CELL[150:290, 160:280]
"""140 x 120: upright it is higher than wide, and no turn or mirror image of it is itself."""


def saved(image, kind, **options):
    target = io.BytesIO()
    image = image if isinstance(image, Image.Image) else Image.fromarray(image)
    image.save(target, kind, **options)
    return target.getvalue()


def code_of(data, limits=LIMITS):
    with pytest.raises(Rejected) as caught:
        decode(data, limits=limits)
    assert str(caught.value).endswith(".")
    return caught.value.code


def chunk(name, content):
    return struct.pack(">I", len(content)) + name + content + struct.pack(">I", zlib.crc32(name + content))


def bare_png(width, height, *, bits=8, colour=2, rows=b"", extra=b""):
    header = chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, bits, colour, 0, 0, 0))
    body = chunk(b"IDAT", zlib.compress(rows)) + chunk(b"IEND", b"")
    return b"\x89PNG\r\n\x1a\n" + header + extra + body


LOSSLESS = {
    "bmp": saved(PICTURE, "BMP"),
    "png": saved(PICTURE, "PNG"),
    "png interlaced twice over": png(PICTURE, look=Look.BLAST),
    "tiff": saved(PICTURE, "TIFF"),
    "tiff lzw": saved(PICTURE, "TIFF", compression="tiff_lzw"),
    "tiff deflate": saved(PICTURE, "TIFF", compression="tiff_adobe_deflate"),
    "tiff packbits": saved(PICTURE, "TIFF", compression="packbits"),
    "webp": saved(PICTURE, "WEBP", lossless=True),
    "webp with a profile": saved(PICTURE, "WEBP", lossless=True, icc_profile=b"x" * 200),
}
LOSSY = {
    "jpeg": saved(PICTURE, "JPEG", quality=92),
    "jpeg progressive": saved(PICTURE, "JPEG", quality=92, progressive=True),
    "tiff jpeg": saved(PICTURE, "TIFF", compression="jpeg", quality=95),
    "webp lossy": saved(PICTURE, "WEBP", quality=90),
}


@pytest.mark.parametrize("name", LOSSLESS)
def test_a_lossless_file_gives_back_exactly_its_pixels(name):
    pixels = decode(LOSSLESS[name], limits=LIMITS)

    assert np.array_equal(pixels, PICTURE)
    assert pixels.dtype == np.uint8
    assert pixels.flags.c_contiguous


@pytest.mark.parametrize("name", LOSSY)
def test_a_lossy_file_gives_nearly_its_pixels(name):
    pixels = decode(LOSSY[name], limits=LIMITS)

    assert pixels.shape == PICTURE.shape
    assert np.abs(pixels.astype(int) - PICTURE).mean() < 3


@pytest.mark.parametrize(("files", "lossy"), [(LOSSLESS, False), (LOSSY, True)])
def test_a_file_says_whether_it_was_compressed_with_loss(files, lossy):
    assert {name: read_picture(data, limits=LIMITS).lossy for name, data in files.items()} == dict.fromkeys(
        files, lossy
    )


@pytest.mark.parametrize("options", [{"exif": Image.Exif().tobytes()}, {"xmp": b"x" * 100}])
def test_a_lossy_webp_in_an_extended_file_is_known_for_one(options):
    assert read_picture(saved(PICTURE, "WEBP", quality=100, **options), limits=LIMITS).lossy


def test_of_a_jpeg_that_was_saved_as_a_png_the_file_does_not_tell():
    jpeg = read_picture(LOSSY["jpeg"], limits=LIMITS)

    png_of_it = read_picture(saved(jpeg.pixels, "PNG"), limits=LIMITS)

    assert np.array_equal(png_of_it.pixels, jpeg.pixels)
    assert not png_of_it.lossy


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "TIFF", "WEBP"])
def test_all_eight_exif_orientations_of_one_image_give_the_same_pixels(kind):
    grey = Image.fromarray(np.kron(PICTURE[::20, ::20], np.ones((16, 16, 1), np.uint8)))
    undone = {1: 1, 2: 2, 3: 3, 4: 4, 5: 5, 6: 8, 7: 7, 8: 6}
    exactly: dict[str, dict[str, int]] = {"JPEG": {"quality": 100, "subsampling": 0}, "WEBP": {"lossless": True}}

    seen = []
    for orientation, inverse in undone.items():
        exif = Image.Exif()
        exif[274] = inverse
        stored = ImageOps.exif_transpose(_with(grey, exif))
        exif[274] = orientation
        seen.append(decode(saved(stored, kind, exif=exif, **exactly.get(kind, {})), limits=LIMITS))

    for pixels in seen:
        assert pixels.shape == (112, 96, 3)
        assert np.abs(pixels.astype(int) - np.asarray(grey)).max() <= (4 if kind == "JPEG" else 0)


def _with(image, exif):
    return Image.open(io.BytesIO(saved(image, "PNG", exif=exif)))


@pytest.mark.parametrize("orientation", [0, 9, 4711])
def test_an_orientation_that_does_not_exist_turns_nothing(orientation):
    exif = Image.Exif()
    exif[274] = orientation

    pixels = decode(saved(PICTURE, "PNG", exif=exif), limits=LIMITS)

    assert np.array_equal(pixels, PICTURE)


def test_broken_exif_does_not_cost_a_good_image():
    data = saved(PICTURE, "PNG", exif=b"Exif\x00\x00MM\x00*\xff\xff\xff\xff nonsense")

    assert np.array_equal(decode(data, limits=LIMITS), PICTURE)


def test_a_colour_profile_changes_no_pixel():
    data = saved(PICTURE, "PNG", icc_profile=b"not even a profile" * 9)

    assert np.array_equal(decode(data, limits=LIMITS), PICTURE)


def test_an_enormous_compressed_comment_costs_nothing():
    bomb = chunk(b"zTXt", b"Comment\x00\x00" + zlib.compress(b"0" * 30_000_000))
    data = LOSSLESS["png"]

    pixels = decode(data[:33] + bomb + data[33:], limits=LIMITS)

    assert np.array_equal(pixels, PICTURE)


@pytest.mark.parametrize("kind", ["PNG", "TIFF", "JPEG", "BMP", "WEBP"])
def test_greyscale_becomes_rgb_of_three_equal_channels(kind):
    grey = Image.fromarray(PICTURE).convert("L")

    pixels = decode(saved(grey, kind), limits=LIMITS)

    assert pixels.shape == PICTURE.shape
    if kind in {"PNG", "TIFF", "BMP"}:
        assert np.array_equal(pixels, np.repeat(np.asarray(grey)[..., None], 3, axis=2))


@pytest.mark.parametrize("kind", ["PNG", "TIFF", "BMP"])
def test_a_palette_image_becomes_exactly_the_colours_of_its_palette(kind):
    palette = Image.fromarray(PICTURE).quantize(64)

    pixels = decode(saved(palette, kind), limits=LIMITS)

    assert np.array_equal(pixels, np.asarray(palette.convert("RGB")))


@pytest.mark.parametrize("kind", ["PNG", "TIFF", "WEBP", "BMP"])
def test_an_opaque_alpha_channel_is_dropped(kind):
    opaque = Image.fromarray(PICTURE).convert("RGBA")

    pixels = decode(saved(opaque, kind, **({"lossless": True} if kind == "WEBP" else {})), limits=LIMITS)

    assert np.array_equal(pixels, PICTURE)


def test_wholly_transparent_pixels_become_black_whatever_colour_hides_there():
    alpha = np.where(PICTURE.any(axis=2), 255, 0).astype(np.uint8)
    hidden = np.where(alpha[..., None] == 0, np.uint8(200), PICTURE)

    pixels = decode(saved(np.dstack([hidden, alpha]), "PNG"), limits=LIMITS)

    assert np.array_equal(pixels, PICTURE)


def test_a_transparent_palette_entry_becomes_black():
    palette = Image.fromarray(PICTURE).quantize(16)
    data = saved(palette, "PNG", transparency=3)

    pixels = decode(data, limits=LIMITS)

    expected = np.asarray(palette.convert("RGB")) * (np.asarray(palette) != 3)[..., None]
    assert np.array_equal(pixels, expected)


@pytest.mark.parametrize("alpha", [0, 128, 254])
def test_an_image_that_is_half_or_all_transparent_is_refused(alpha):
    see_through = np.dstack([PICTURE, np.full(PICTURE.shape[:2], alpha, np.uint8)])

    assert code_of(saved(see_through, "PNG")) == "image_transparent"


def test_sixteen_bits_a_channel_are_refused_rather_than_reduced():
    rows = b"".join(b"\x00" + bytes(6 * 8) for _ in range(8))

    assert code_of(bare_png(8, 8, bits=16, rows=rows)) == "image_bit_depth"
    assert code_of(saved(Image.new("I;16", (8, 8)), "PNG")) == "image_bit_depth"
    assert code_of(saved(Image.new("I;16", (8, 8)), "TIFF")) == "image_bit_depth"
    assert code_of(saved(Image.new("F", (8, 8)), "TIFF")) == "image_bit_depth"


@pytest.mark.parametrize("kind", ["PNG", "BMP", "TIFF"])
def test_black_and_white_alone_is_refused(kind):
    assert code_of(saved(Image.new("1", (16, 16)), kind)) == "image_bit_depth"


@pytest.mark.parametrize("kind", ["JPEG", "TIFF"])
def test_colours_for_print_are_refused(kind):
    assert code_of(saved(Image.new("CMYK", (16, 16)), kind)) == "image_colour_mode"


@pytest.mark.parametrize(
    "data",
    [
        b"a text file named .png",
        b"<svg xmlns='http://www.w3.org/2000/svg'><rect/></svg>",
        b"<?xml version='1.0'?><svg/>",
        b"%PDF-1.7 ...",
        b"PK\x03\x04" + bytes(64),
        saved(Image.new("P", (8, 8), 1), "GIF"),
        b"\x00",
    ],
    ids=["text", "svg", "xml", "pdf", "zip", "gif", "one byte"],
)
def test_what_is_no_image_of_the_five_kinds_is_an_unsupported_type(data):
    with pytest.raises(UnsupportedType) as caught:
        decode(data, limits=LIMITS)

    assert caught.value.code == "image_format_unsupported"
    assert isinstance(caught.value, Rejected)


def test_an_empty_file_is_called_empty():
    assert code_of(b"") == "image_empty"


def test_a_file_over_the_byte_limit_is_too_large_before_it_is_looked_at():
    with pytest.raises(TooLarge) as caught:
        decode(b"\x89" * 101, limits=Limits(bytes=100))

    assert caught.value.code == "image_too_large"


@pytest.mark.parametrize(
    "data",
    [
        bare_png(30_000, 30_000, rows=bytes(20_000)),
        b"BM" + struct.pack("<IIIIiiHHIIIIII", 0, 0, 54, 40, 30_000, 30_000, 1, 24, 0, 0, 0, 0, 0, 0),
        LOSSY["jpeg"].replace(struct.pack(">HH", 140, 120), struct.pack(">HH", 65_000, 65_000)),
        saved(Image.new("RGB", (64, 64)), "TIFF").replace(
            struct.pack("<HHII", 256, 4, 1, 64), struct.pack("<HHII", 256, 4, 1, 10**9)
        ),
        b"RIFF" + struct.pack("<I", 22) + b"WEBPVP8X" + struct.pack("<IIHBHB", 10, 0, 0xFFFF, 0, 0xFFFF, 0),
    ],
    ids=["png", "bmp", "jpeg", "tiff", "webp"],
)
def test_a_small_file_that_claims_enormous_size_is_refused_before_a_pixel_is_made(data, monkeypatch):
    monkeypatch.setattr(Image, "open", lambda *_, **__: pytest.fail("it was opened"))

    assert code_of(data) in {"image_too_many_pixels", "image_truncated"}


def test_the_pixel_limit_is_the_one_given():
    data = LOSSLESS["png"]

    decode(data, limits=Limits(pixels=140 * 120))

    assert code_of(data, replace(LIMITS, pixels=140 * 120 - 1)) == "image_too_many_pixels"


@pytest.mark.parametrize("name", LOSSLESS | LOSSY)
@pytest.mark.parametrize("part", [0.1, 0.5, 0.9, 0.99])
def test_a_file_cut_off_on_the_way_is_called_truncated(name, part):
    whole = (LOSSLESS | LOSSY)[name]

    assert code_of(whole[: int(len(whole) * part)]) == "image_truncated"


@pytest.mark.parametrize("name", ["bmp", "png", "jpeg", "jpeg progressive", "webp", "webp lossy", "tiff lzw"])
def test_a_file_that_lacks_only_its_last_bytes_is_not_let_through(name):
    whole = (LOSSLESS | LOSSY)[name]

    for missing in (1, 2, 3, 9):
        assert code_of(whole[:-missing]) == "image_truncated"


def test_a_png_with_a_flipped_bit_is_called_damaged():
    broken = bytearray(LOSSLESS["png"])
    broken[len(broken) // 2] ^= 4

    assert code_of(bytes(broken)) == "image_damaged"


def test_animations_are_refused():
    frames = [Image.fromarray(PICTURE), Image.fromarray(PICTURE[::-1])]

    for kind in ("PNG", "WEBP"):
        data = saved(frames[0], kind, save_all=True, append_images=frames[1:])
        assert code_of(data) == "image_animated"


def test_a_file_of_several_pages_is_refused():
    frames = [Image.fromarray(PICTURE), Image.fromarray(PICTURE[::-1])]

    for kind in ("TIFF", "MPO"):
        data = saved(frames[0], kind, save_all=True, append_images=frames[1:])
        assert code_of(data) == "image_multiple_pages"


def test_decoding_in_many_threads_gives_what_it_gives_in_one():
    files = [*LOSSLESS.values(), *LOSSY.values()] * 4
    alone = [pixels_sha256(decode(data, limits=LIMITS)) for data in files]

    with ThreadPoolExecutor(8) as pool:
        together = list(pool.map(lambda data: pixels_sha256(decode(data, limits=LIMITS)), files))

    assert together == alone


def test_the_hash_of_pixels_tells_shapes_apart_and_not_files():
    as_png, as_bmp = (decode(LOSSLESS[name], limits=LIMITS) for name in ("png", "bmp"))
    flat = np.zeros((2, 6, 3), np.uint8)

    assert pixels_sha256(as_png) == pixels_sha256(as_bmp)
    assert pixels_sha256(flat) != pixels_sha256(flat.reshape(6, 2, 3))
    assert pixels_sha256(as_png) == pixels_sha256(np.asfortranarray(as_png))


def survives(data):
    """Pixels, or a Rejected: nothing else may come out."""
    pixels = PICTURE
    with suppress(Rejected):
        pixels = decode(data, limits=Limits(pixels=4_000_000))
    assert pixels.dtype == np.uint8
    assert pixels.ndim == 3
    assert pixels.shape[2] == 3


MAGIC = [b"", b"BM", b"\x89PNG\r\n\x1a\n", b"\xff\xd8\xff", b"II*\x00", b"MM\x00*", b"RIFF\x40\x00\x00\x00WEBPVP8 "]


@given(st.sampled_from(MAGIC), st.binary(max_size=300))
def test_any_bytes_give_pixels_or_a_reason(magic, rest):
    survives(magic + rest)


@settings(suppress_health_check=[HealthCheck.too_slow], deadline=None)
@given(st.sampled_from(sorted(LOSSLESS | LOSSY)), st.data())
def test_a_real_file_with_bytes_exchanged_gives_pixels_or_a_reason(name, draws):
    data = bytearray((LOSSLESS | LOSSY)[name])
    places = st.integers(0, len(data) - 1) | st.integers(0, 120) | st.integers(max(0, len(data) - 250), len(data) - 1)
    for place, value in draws.draw(st.lists(st.tuples(places, st.integers(0, 255)), min_size=1, max_size=6)):
        data[place] = value

    survives(bytes(data))


@given(
    st.lists(
        st.tuples(
            st.sampled_from([b"IHDR", b"PLTE", b"tRNS", b"eXIf", b"IDAT", b"acTL", b"IEND"]), st.binary(max_size=40)
        ),
        max_size=6,
    ),
    st.integers(0, 6),
)
def test_a_png_of_random_chunks_with_right_checksums_gives_pixels_or_a_reason(chunks, colour):
    extra = b"".join(chunk(name, content) for name, content in chunks)

    survives(bare_png(4, 4, colour=colour, rows=bytes(100), extra=extra))


# ------------------------------------------------------------------------------------------------- large images

LARGE = bare_png(1000, 1001, rows=bytes(1001 * (3 * 1000 + 1)))


def test_while_a_large_image_is_open_no_other_large_one_is_and_small_ones_are() -> None:
    with opened(LARGE, limits=LIMITS) as picture, ThreadPoolExecutor(1) as another:
        assert picture.pixels.shape[0] * picture.pixels.shape[1] > LARGE_PIXELS
        assert not is_the_turn_free()
        assert np.array_equal(another.submit(decode, saved(CELL, "PNG"), limits=LIMITS).result(), CELL)

    assert is_the_turn_free()


def test_a_small_image_takes_no_turn() -> None:
    with opened(saved(CELL, "PNG"), limits=LIMITS):
        assert is_the_turn_free()


def test_whoever_opens_a_second_large_image_before_the_first_is_closed_waits_for_nobody() -> None:
    with opened(LARGE, limits=LIMITS):
        assert decode(LARGE, limits=LIMITS).shape == (1001, 1000, 3)
        assert not is_the_turn_free()


def test_a_large_image_that_is_refused_or_fails_in_use_ends_its_turn() -> None:
    assert code_of(bare_png(1000, 1001, rows=b"too little")) == "image_truncated"
    assert is_the_turn_free()

    with pytest.raises(ZeroDivisionError), opened(LARGE, limits=LIMITS):
        _ = 1 / 0

    assert is_the_turn_free()
