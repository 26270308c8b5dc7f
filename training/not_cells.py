"""Images that the gate should refuse: photographs, smear fields, noise, and real cells that something was done to."""

from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

import numpy as np
import skimage
from PIL import Image, ImageFilter

from app.errors import Invalid
from app.vision.decode import Pixels
from app.vision.preprocess import cell_mask
from training.pictures import read_pixels

NOISES = 60

SIDE = 450
"""Of the images made here, in pixels: that of the real ones."""

JPEG = frozenset({".jpg", ".jpeg"})

Spoilt = Callable[[Pixels], Pixels]


def photographs(folder: Path) -> list[Path]:
    """Every JPEG file below `folder`, in order."""
    return sorted(path for path in folder.rglob("*") if path.suffix.lower() in JPEG)


def smear_fields(folder: Path) -> Iterator[Pixels]:
    """The pixels of every photograph below `folder`."""
    return map(read_pixels, photographs(folder))


def scenes() -> Iterator[Pixels]:
    """The sample pictures that scikit-image brings along, photographs nearly all, as far as our decoder takes them."""
    folder = Path(skimage.__file__).parent / "data"
    for path in sorted([*folder.glob("*.png"), *folder.glob("*.jpg")]):
        try:
            yield read_pixels(path)
        except Invalid:
            continue


def noise() -> Iterator[Pixels]:
    """Even noise over the whole image, and in a disc on black, by turns."""
    rng = np.random.default_rng(0)
    y, x = np.mgrid[:SIDE, :SIDE] - SIDE / 2
    disc = (y * y + x * x < 110**2)[..., None]
    for number in range(NOISES):
        drawn = rng.integers(0, 256, (SIDE, SIDE, 3), dtype=np.uint8)
        yield drawn * disc if number % 2 else drawn


def blank() -> Iterator[Pixels]:
    """Images of one colour: black, white, and colours at random."""
    rng = np.random.default_rng(0)
    colours = [(0, 0, 0), (255, 255, 255), *rng.integers(0, 256, (NOISES - 2, 3)).tolist()]
    for colour in colours:
        yield np.full((SIDE, SIDE, 3), colour, np.uint8)


def inverted(pixels: Pixels) -> Pixels:
    """The negative of the cell; the background stays black, which makes it harder."""
    found: Pixels = (255 - pixels) * cell_mask(pixels)[..., None]
    return found


def negative(pixels: Pixels) -> Pixels:
    """The negative of the whole image."""
    return 255 - pixels


def grey(pixels: Pixels) -> Pixels:
    return np.asarray(Image.fromarray(pixels).convert("L").convert("RGB"))


def hue_turned(degrees: int) -> Spoilt:
    """Every hue turned by so many degrees, to the nearest of 256 steps."""

    def turned(pixels: Pixels) -> Pixels:
        hsv = np.array(Image.fromarray(pixels).convert("HSV"))
        hsv[..., 0] += np.uint8(round(degrees * 256 / 360) % 256)
        bands = [Image.fromarray(np.ascontiguousarray(hsv[..., band])) for band in range(3)]
        return np.asarray(Image.merge("HSV", bands).convert("RGB"))

    return turned


def blurred(pixels: Pixels) -> Pixels:
    """Gaussian blur of radius 5 px."""
    return np.asarray(Image.fromarray(pixels).filter(ImageFilter.GaussianBlur(5)))


def blurred_inside(pixels: Pixels) -> Pixels:
    """The same inside an outline that stays sharp."""
    inside = cell_mask(pixels)
    if not inside.any():
        return pixels
    smeared = np.where(inside[..., None], pixels, pixels[inside].mean(axis=0).astype(np.uint8))
    found: Pixels = blurred(smeared) * inside[..., None]
    return found


SPOILT: Mapping[str, Spoilt] = {
    "cells inverted on black": inverted,
    "cells inverted whole": negative,
    "cells in grey": grey,
    "cells, hue turned by 60 degrees": hue_turned(60),
    "cells, hue turned by 180 degrees": hue_turned(180),
    "cells, hue turned by 300 degrees": hue_turned(300),
    "cells blurred": blurred,
    "cells blurred inside their outline": blurred_inside,
}


def cut(share: float) -> Spoilt:
    """So much of the cell's area beyond a straight line is gone; which way the line lies, the pixels decide."""

    def left(pixels: Pixels) -> Pixels:
        points = np.argwhere(cell_mask(pixels))
        turned = np.radians(int(pixels.sum(dtype=np.int64)) % 360)
        along = points @ np.array([np.cos(turned), np.sin(turned)])
        gone = points[along < np.quantile(along, share)] if len(points) else points
        found = pixels.copy()
        found[gone[:, 0], gone[:, 1]] = 0
        return found

    return left


def scaled(factor: float, *, how: Image.Resampling = Image.Resampling.LANCZOS) -> Spoilt:
    """Scaled so, and put into a black frame of the size that the image had."""

    def changed(pixels: Pixels) -> Pixels:
        height, width = pixels.shape[:2]
        image = Image.fromarray(pixels)
        other = image.resize((round(width * factor), round(height * factor)), how)
        frame = Image.new("RGB", image.size)
        frame.paste(other, ((width - other.width) // 2, (height - other.height) // 2))
        return np.asarray(frame)

    return changed


def cut_out_after(way: Spoilt) -> Spoilt:
    """As if what this does had been done before the cell was cut out: nothing is left of the outline that it left."""

    def changed(pixels: Pixels) -> Pixels:
        found = way(pixels)
        inside = Image.fromarray(cell_mask(found)).convert("L").filter(ImageFilter.MinFilter(5))
        cut: Pixels = found * (np.asarray(inside) > 0)[..., None]
        return cut

    return changed


SCALES = (0.5, 0.6, 0.66, 0.75, 0.9, 1.2, 1.5)

ALTERED: Mapping[str, Spoilt] = {
    **{f"hue turned by {degrees} degrees": hue_turned(degrees) for degrees in (-20, -15, -10, 10, 15, 20)},
    **{f"{100 * share:.0f} % of the area cut off": cut(share) for share in (0.1, 0.2, 0.35, 0.5)},
    **{f"a scale of {100 * factor:.0f} %": scaled(factor) for factor in SCALES},
    **{f"a scale of {100 * factor:.0f} % before it was cut out": cut_out_after(scaled(factor)) for factor in SCALES},
}
"""What a white balance, a careless cut or another scale may do to a cell: too little for the gate to refuse it all."""

MADE: Mapping[str, Callable[[], Iterator[Pixels]]] = {
    "scikit-image's sample pictures": scenes,
    "noise": noise,
    "blank": blank,
}

SMEAR_FIELDS = "smear fields"

KINDS = (SMEAR_FIELDS, *MADE, *SPOILT)
