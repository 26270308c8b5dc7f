"""A linear head learned at once, from a fixed network's embeddings of cells as they are and varied.

For networks of which only the head has weights (`networks.ours.texture`), and for those that have learned the rest
without labels (`training.patches`). Tables of embeddings are made on first use and kept; of several processes one makes
them. Where all before the head is fixed they do not depend on the fold, and every part of a recipe reads the same.
"""

from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path

import keras
import numpy as np
from numpy.lib.format import open_memmap
from numpy.typing import NDArray
from sklearn.linear_model import LogisticRegression
from sklearn.preprocessing import StandardScaler
from tqdm import tqdm

from app.errors import Misconfigured
from app.vision.bundle import CLASSES
from training.aside import alone_in
from training.augment import middle, tinted, varier
from training.dataset import Crops, Pixels
from training.discriminant import discriminant, sized
from training.network import answering
from training.recipe import Discriminant, Recipe
from training.scored import Floats, subject_balance
from training.varying import Varying

AT_ONCE = 32


class NothingToVary(Misconfigured):
    code = "nothing_to_vary"


class StainNotAsked(Misconfigured):
    code = "stain_not_asked"


Look = Callable[[int], Pixels]
"""From a cell's place among the crops to uint8 size x size x 3."""


def learn(recipe: Recipe, network: keras.Model, crops: Crops, learns: NDArray[np.int64], *, folder: Path) -> None:
    """Gives the network's layer `head` its weights, from the cells `learns`, each as it is, in the recipe's views and
    in its tints.

    Classes weigh the same, and within a class every person the same. `folder` is where the tables are kept. Raises
    NothingToVary where weights shall vary and the network has nothing for them to vary with, StainNotAsked where one of
    discriminant and network knows of a stain and the other does not.
    """
    layer = network.get_layer("head")
    takes_it_off = bool(recipe.discriminant and recipe.discriminant.stain_floor)
    if takes_it_off != layer.stain:
        raise StainNotAsked(
            f"Recipe {recipe.name} has {'no ' if layer.stain else 'a '}`stain_floor`, and its network is "
            f"{'' if layer.stain else 'not '}told the stain. Give both, or neither."
        )
    if recipe.discriminant and recipe.discriminant.varying_floor and not layer.modifiers:
        raise NothingToVary(
            f"Recipe {recipe.name} has a floor for weights that vary, and its network no modifiers. Give the network "
            "`modifiers`, or the discriminant no `varying_floor`."
        )
    with alone_in(folder):
        kept = [
            _table(network, look, crops, size=recipe.size, name=name, folder=folder)
            for name, look in _looks(recipe, crops).items()
        ]
    tables = [table[learns].astype(np.float64) for table in kept]
    is_all = crops.labels[learns] == CLASSES.index("ALL")
    persons = np.array([crops.cells[one].group for one in learns])
    weights = subject_balance(is_all, persons)
    if recipe.discriminant:
        kernel, bias = _discriminant(
            recipe, recipe.discriminant, tables, layer, is_all=is_all, persons=persons, weights=weights
        )
    else:
        kernel, bias = _logistic(tables, is_all=is_all, weights=weights, strength=recipe.head_strength)
    layer.kernel.assign(kernel)
    layer.bias.assign(_shared_out(bias, kernel * (weights @ tables[0]), parts=layer.parts, apart=layer.apart))


def _shared_out(bias: float, told: Floats, *, parts: Sequence[int], apart: int) -> Floats:
    """The bias as one number for each of the parts of what the mean cell is `told`, so many features long, by which it
    is told the same of each. So many features `apart` come after the last part and are told with the first.
    """
    *own, others = np.split(told, np.cumsum(parts))
    said = -np.array([one.sum() for one in own])
    said[0] -= others[:apart].sum()
    return said + (bias - said.sum()) / len(parts)


def _discriminant(
    recipe: Recipe,
    weighed: Discriminant,
    tables: Sequence[Floats],
    layer: keras.Layer,
    *,
    is_all: NDArray[np.bool_],
    persons: NDArray[np.str_],
    weights: Floats,
) -> tuple[Floats, float]:
    """Kernel and bias of a discriminant on what is learned, and of the cell's size beside it where that is told.

    A layer whose weights vary is given how they do.
    """
    learned = [table[:, :-1] if weighed.size else table for table in tables]
    views = 1 + (recipe.views or 0)

    def found(plain: Floats, *others: Floats) -> tuple[Floats, float]:
        varied, tints = others[: views - 1], others[views - 1 :]
        return discriminant(
            plain,
            varied,
            tinted=tints,
            is_all=is_all,
            persons=persons,
            weighed=weighed,
            constant=learned[0].shape[1],
        )

    if weighed.varying_floor:
        varying = Varying.learned(
            learned[0],
            [group for group in (learned[1:views], learned[views:]) if group],
            loudness_at=layer.loudness_at,
            weights=weights,
            count=layer.modifiers,
            varies_at=layer.varies_at,
        )
        kernel, bias = found(*map(varying.features, learned))
        kernel = _varying_given(layer, varying, kernel)
    else:
        kernel, bias = found(*learned)
    if not weighed.size:
        return kernel, bias
    return sized((kernel, bias), tables[0][:, -1], is_all=is_all, persons=persons, weight=weighed.size)


def _varying_given(layer: keras.Layer, varying: Varying, kernel: Floats) -> Floats:
    """The constant part of a kernel on `varying` features; the rest is given to the layer."""
    constant, varies = np.split(kernel, [-len(varying.centre) * layer.modifiers])
    whole, middle_said = np.zeros((2, *layer.varying_kernel.shape))
    whole[:, varying.varies_at] = varies.reshape(layer.modifiers, -1)
    middle_said[:, varying.varies_at] = whole[:, varying.varies_at] * varying.centre
    layer.directions.assign(varying.directions)
    layer.offsets.assign(varying.offsets)
    layer.varying_kernel.assign(whole)
    starts = np.cumsum((0, *layer.parts[:-1]))
    layer.varying_bias.assign(-np.add.reduceat(middle_said[:, : sum(layer.parts)], starts, axis=1))
    return constant


def _logistic(
    tables: Sequence[Floats], *, is_all: NDArray[np.bool_], weights: Floats, strength: float
) -> tuple[Floats, float]:
    """Kernel and bias of a logistic regression on all tables together."""
    features = np.concatenate(tables)
    scaler = StandardScaler().fit(features)
    head = LogisticRegression(C=strength, solver="newton-cholesky", max_iter=50)
    times = len(tables)
    head.fit(
        scaler.transform(features),
        np.tile(is_all, times),
        sample_weight=np.tile(weights * len(is_all) / times, times),
    )
    kernel = head.coef_[0] / scaler.scale_
    return kernel, float(head.intercept_[0] - kernel @ scaler.mean_)


def _looks(recipe: Recipe, crops: Crops) -> dict[str, Look]:
    """What the head learns from, by the name of its table: cells as they are, then every view, then every tint.

    The same cell is varied in the same way each time.
    """
    vary = varier(recipe.augment, size=recipe.size)

    def plain(cell: int) -> Pixels:
        return middle(crops.pixels[cell], size=recipe.size)

    def varied(cell: int, view: int) -> Pixels:
        return vary.vary(crops.pixels[cell], crops.outlines[cell], rng=np.random.default_rng((view, cell)))

    def other_colours(cell: int, tint: int) -> Pixels:
        return tinted(plain(cell), sigma=recipe.tint_sigma, rng=np.random.default_rng((tint, cell)))

    return {
        "0": plain,
        **{str(view): partial(varied, view=view) for view in range(1, 1 + (recipe.views or 0))},
        **{f"tint-{tint}": partial(other_colours, tint=tint) for tint in range(1, 1 + recipe.tints)},
    }


def _table(
    network: keras.Model, look: Look, crops: Crops, *, size: int, name: str, folder: Path
) -> NDArray[np.float32]:
    """N x F embeddings of all cells in this look."""
    path = folder / f"embeddings-{name}.npy"
    if not path.exists():
        aside = path.with_suffix(".part")
        table = open_memmap(aside, "w+", np.float32, (len(crops.cells), network.output["embedding"].shape[-1]))
        seen_in = answering(network, "embedding", size=size)
        batches = np.array_split(np.arange(len(crops.cells)), max(1, len(crops.cells) // AT_ONCE))
        for chosen in tqdm(batches, desc=f"embeddings {name}", mininterval=10):
            table[chosen] = seen_in(np.stack([look(cell) for cell in chosen.tolist()]))
        table.flush()
        aside.rename(path)
    return open_memmap(path, "r")
