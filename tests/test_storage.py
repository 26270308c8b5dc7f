"""The image store: pixels under the hash of their content, kept whole or not at all."""

import os
import shutil
from pathlib import Path

import numpy as np
import pytest

from app.accounts.rules import Role
from app.storage import FolderUnusable, ImageNotFound, ImageStore, NotWritten
from app.vision.decode import Limits, decode, pixels_sha256
from app.vision.drawn import Look, draw
from tests.disks import files_end_at
from tests.factories import Service, cell, rows
from tests.turns import is_the_turn_free


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


def test_a_folder_in_which_nothing_can_be_written_is_told_before_anybody_needs_it(tmp_path: Path) -> None:
    with files_end_at(0), pytest.raises(FolderUnusable, match="Nothing can be written in the folder"):
        ImageStore(tmp_path)


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
    with store.pixels(image.pixels_sha256) as pixels:
        assert np.array_equal(pixels, noise)
        assert not is_the_turn_free()


def test_the_file_of_a_large_image_is_not_read_before_its_turn(tmp_path: Path) -> None:
    class Reading(ImageStore):
        def png(self, content_sha256: str) -> bytes:
            free.append(is_the_turn_free())
            return super().png(content_sha256)

    store, free = Reading(tmp_path), list[bool]()
    noise = np.random.default_rng(0).integers(0, 256, (1000, 1001, 3), dtype=np.uint8)
    for pixels in (noise, draw(1, Look.BLAST)):
        with store.staged(pixels) as image:
            image.keep()
        store.thumbnail(image.pixels_sha256, side=96)

    assert free == [False, True]


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


def test_what_a_full_disk_does_not_take_is_told_and_leaves_no_half_of_a_file(store: ImageStore) -> None:
    with files_end_at(1000), pytest.raises(NotWritten, match="the disk may be full"), store.staged(draw(1, Look.BLAST)):
        pytest.fail("there is no image to go on with")

    assert [path for path in store.folder.rglob("*") if path.is_file()] == []


def test_a_store_without_room_for_one_more_image_is_not_called_ready(store: ImageStore) -> None:
    with files_end_at(100_000), pytest.raises(OSError, match="too large"):
        store.check()

    store.check()
    assert [path for path in store.folder.rglob("*") if path.is_file()] == []


def test_without_a_store_a_lab_system_is_told_to_come_again(service: Service) -> None:
    lab = service.lab()
    before = rows(service.database)
    shutil.rmtree(service.instrument.store.folder)

    reply = lab.screen(cell(1), key="order-1")

    assert (reply.status_code, reply.json()["code"]) == (503, "storage_unavailable")
    assert reply.headers["retry-after"] == "5"
    assert rows(service.database) == before


def test_without_a_spool_an_upload_is_told_that_it_was_not_recorded(service: Service) -> None:
    browser = service.signed_in("ursula", Role.UPLOADER)
    shutil.rmtree(service.settings.spool)

    page = browser.upload(cell(1))

    assert page.status_code == 503
    assert "so it was not recorded" in page.text
