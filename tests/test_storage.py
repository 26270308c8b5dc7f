"""The image store: pixels under the hash of their content, kept whole or not at all."""

import os
from pathlib import Path

import numpy as np
import pytest

from app.storage import ImageNotFound, ImageStore
from app.vision.decode import Limits, decode, pixels_sha256
from app.vision.drawn import Look, draw


@pytest.fixture
def store(tmp_path: Path) -> ImageStore:
    return ImageStore(tmp_path)


def test_what_is_kept_comes_back_pixel_for_pixel(store: ImageStore) -> None:
    pixels = draw(1, Look.BLAST)

    with store.staged(pixels) as image:
        image.keep()

    assert image.pixels_sha256 == pixels_sha256(pixels)
    assert (image.width, image.height) == (450, 450)
    assert np.array_equal(decode(store.png(image.pixels_sha256), limits=Limits()), pixels)


def test_what_is_kept_and_the_folders_that_lead_to_it_outlive_a_power_cut(
    store: ImageStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    synced: list[Path] = []
    sync = os.fsync

    def noted(descriptor: int) -> None:
        synced.append(Path(f"/proc/self/fd/{descriptor}").resolve())
        sync(descriptor)

    monkeypatch.setattr(os, "fsync", noted)
    with store.staged(draw(1, Look.BLAST)) as image:
        image.keep()

    written, *folders = synced
    assert written.parent == store.folder / "staging"
    assert folders == [store.folder / image.pixels_sha256[:2], store.folder]


def test_what_is_not_kept_leaves_no_file(store: ImageStore) -> None:
    with store.staged(draw(1, Look.BLAST)) as image:
        pass

    with pytest.raises(ImageNotFound):
        store.png(image.pixels_sha256)
    assert [path for path in store.folder.rglob("*") if path.is_file()] == []


def test_the_same_pixels_may_be_kept_twice(store: ImageStore) -> None:
    for _ in range(2):
        with store.staged(draw(1, Look.BLAST)) as image:
            image.keep()

    assert len(list(store.folder.rglob("*.png"))) == 1


def test_what_came_in_within_the_limits_is_read_again_however_large_it_lies_here(store: ImageStore) -> None:
    """A photograph of 5 MB can be a PNG of 20: the limits are those of what came in."""
    noise = np.random.default_rng(0).integers(0, 256, (2500, 2500, 3), dtype=np.uint8)
    with store.staged(noise) as image:
        image.keep()

    assert len(store.png(image.pixels_sha256)) > Limits().bytes
    assert np.array_equal(store.pixels(image.pixels_sha256), noise)


def test_a_thumbnail_fits_its_square(store: ImageStore) -> None:
    with store.staged(draw(1, Look.BLAST)[:200]) as image:
        image.keep()

    small = decode(store.thumbnail(image.pixels_sha256, side=96), limits=Limits())

    assert small.shape == (43, 96, 3)


@pytest.mark.parametrize("name", ["", "../../etc/passwd", "a" * 63, "A" * 64, "a" * 64 + "\n"])
def test_only_a_content_hash_names_an_image(store: ImageStore, name: str) -> None:
    with pytest.raises(ImageNotFound):
        store.png(name)


def test_what_an_interrupted_upload_left_is_found_and_swept(store: ImageStore) -> None:
    left = store.folder / "staging" / "left.png"
    left.write_bytes(b"half an image")
    assert store.left_behind() == []

    os.utime(left, (1, 1))

    assert store.left_behind() == [left]
    store.sweep()
    assert not left.exists()
