"""Trains a recipe: every grouped fold of every seed, then the final network on all cells. Finished parts are kept.

Each part writes its weights and scores when it is done and a checkpoint after every epoch, so a run that was cut off
goes on where it stopped, and under TensorFlow to the same network. Under another backend Keras looks at some batches
before the first epoch of a run, which shifts their order.
"""

import json
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import keras
import numpy as np
from numpy.typing import NDArray

from app.errors import Misconfigured
from training import aside, backend, linear, results, stopping
from training.adversary import subjects_of
from training.augment import Varier, varier
from training.cnmc import fingerprint, order
from training.dataset import Answers, Crops, TrainingBatches, balanced, plain
from training.learner import Learner, checkpoint, settle, started, take_up_chance
from training.pretrain import pretrain
from training.recipe import Recipe
from training.splits import partition
from training.teacher import taught


class NotTrained(Misconfigured):
    code = "not_trained"


class CellsReordered(Misconfigured):
    code = "cells_reordered"


ORDER = "order"
"""The file that says in which order the cells came that the folds and tables beside it count by their place."""

FINAL = -1
"""The fold number of the fit on all cells."""


@dataclass(frozen=True)
class Part:
    """One network to train: which cells it learns from, which it is tested on, and where its files lie."""

    seed: int
    fold: int
    learns: NDArray[np.int64]
    tested: NDArray[np.int64]
    folder: Path


def parts(recipe: Recipe, crops: Crops, *, folder: Path) -> list[Part]:
    """Every network of the recipe, folds first, the final fit last."""
    everything = np.arange(len(crops.cells))
    found = []
    for seed in recipe.seeds:
        fold_of = partition(crops.cells, folds=recipe.folds, seed=seed)
        for fold in range(recipe.folds):
            learns, tested = everything[fold_of != fold], everything[fold_of == fold]
            found.append(Part(seed, fold, learns, tested, folder / f"seed{seed}-fold{fold}"))
    if recipe.final_fit:
        found.append(Part(recipe.seeds[0], FINAL, everything, everything[:0], folder / "final"))
    return found


def fit(
    recipe: Recipe,
    crops: Crops,
    *,
    folder: Path,
    results_folder: Path,
    logs: Path | None = None,
    unlabelled: Crops | None = None,
) -> None:
    """Trains what is not trained yet; after every part the out-of-fold logits so far are written to the results.

    `logs` is where TensorBoard will look for the curves; None writes none. `unlabelled` are met in pretraining, where
    the recipe has one. Raises CellsReordered where some of it was trained on the same cells in another order.
    """
    place = place_of(recipe, crops, folder=folder)
    aside.write(place / "recipe.json", json.dumps(recipe.as_json(), indent=1))
    aside.write(place / ORDER, order(crops.cells))
    for part in parts(recipe, crops, folder=place):
        if not (part.folder / "done.json").exists() and recipe.views is not None:
            _learn_head(recipe, crops, part)
        elif not (part.folder / "done.json").exists():
            _fit_part(recipe, crops, part, unlabelled=unlabelled, curves=logs and logs / place.name / part.folder.name)
        if part.fold != FINAL:
            results.write(recipe, crops, _finished(recipe, crops, place), folder=results_folder)


def place_of(recipe: Recipe, crops: Crops, *, folder: Path) -> Path:
    """Where the networks of this very recipe on these very cells lie; raises CellsReordered."""
    place = folder / f"{recipe.name}-{recipe.fingerprint()}-{fingerprint(crops.cells)[:8]}"
    kept = place / ORDER
    if kept.is_file() and kept.read_text() != order(crops.cells):
        raise CellsReordered(
            f"{place} was trained on these images under other names, so in another order or with other subjects. "
            "Name another --var."
        )
    return place


def trained(recipe: Recipe, part: Part) -> keras.Model:
    """The float32 network of a finished part; raises NotTrained."""
    if not (part.folder / "done.json").exists():
        raise NotTrained(
            f"{part.folder.name} of recipe {recipe.name} is not trained. Run `fit {recipe.name}` to the end."
        )
    model = build(recipe)
    model.load_weights(part.folder / "network.weights.h5")
    return model


def build(recipe: Recipe, *, precision: str = "float32") -> keras.Model:
    """The recipe's network with fresh weights. `precision` is a Keras dtype policy."""
    before = keras.mixed_precision.global_policy()
    keras.mixed_precision.set_global_policy(precision)
    try:
        model = recipe.network(size=recipe.shrink_to or recipe.size, **recipe.network_options)
        if recipe.shrink_to:
            pixels = keras.Input((recipe.size, recipe.size, 3), dtype="float32", name="pixels")
            edge = ((recipe.frame or recipe.size) - recipe.size) // 2
            framed = keras.layers.ZeroPadding2D(edge, dtype="float32")(pixels) if edge else pixels
            shrunk = keras.layers.Resizing(recipe.shrink_to, recipe.shrink_to, dtype="float32")(framed)
            model = keras.Model(pixels, model(shrunk))
    finally:
        keras.mixed_precision.set_global_policy(before)
    return model


def scores(model: keras.Model, crops: Crops, chosen: NDArray[np.int64], *, size: int) -> dict[str, NDArray[np.float32]]:
    """`logit` (N) and, where the network has it, `embedding` (N x D) of unvaried crops, in the order of `chosen`."""
    collected: dict[str, list[NDArray[np.float32]]] = {}
    for start in range(0, len(chosen), 128):
        answer = model.predict_on_batch(plain(crops, chosen[start : start + 128], size=size))
        for name in ("logit", "embedding"):
            if name in answer:
                collected.setdefault(name, []).append(np.asarray(answer[name], np.float32))
    joined = {name: np.concatenate(pieces) for name, pieces in collected.items()}
    joined["logit"] = joined["logit"][:, 0]
    return joined


def _learn_head(recipe: Recipe, crops: Crops, part: Part) -> None:
    part.folder.mkdir(parents=True, exist_ok=True)
    began = time.monotonic()
    model = build(recipe)
    linear.learn(recipe, model, crops, part.learns, folder=part.folder.parent)
    seen = len(part.learns) * (1 + (recipe.views or 0) + recipe.tints)
    _keep(recipe, crops, part, model, seconds=time.monotonic() - began, epochs=1, seen=seen)
    print(f"{part.folder.name} done", flush=True)


def _fit_part(recipe: Recipe, crops: Crops, part: Part, *, unlabelled: Crops | None, curves: Path | None) -> None:
    part.folder.mkdir(parents=True, exist_ok=True)
    began = time.monotonic()
    keras.utils.set_random_seed(1000 * part.seed + part.fold + 1)
    pools = [(crops, part.learns)]
    if unlabelled is not None:
        pools.append((unlabelled, np.arange(len(unlabelled.cells))))
    learner = _started(recipe, crops, part, pools=pools)
    model, epoch = learner.asked, learner.epochs
    learns, watched = part.learns, part.learns[:0]
    if recipe.patience is not None:
        learns, watched = stopping.watched_apart(crops.cells, part.learns, seed=part.seed)
    answers = _answers(recipe, crops, part)
    vary = varier(recipe.augment, size=recipe.size)
    take_up_chance(model, folder=part.folder)
    while epoch < recipe.epochs and not _is_over(recipe, part, epoch):
        batches = _batches(recipe, crops, part, learns, answers=answers, vary=vary, epoch=epoch)
        epoch += 1
        figures = _learn(model, batches, heading=f"{part.folder.name} epoch {epoch}/{recipe.epochs}")
        settle(model)
        if len(watched):
            figures["watched_auc"] = stopping.watch(
                model, crops, watched, size=recipe.size, folder=part.folder, epoch=epoch
            )
        checkpoint(model, folder=part.folder, epoch=epoch)
        _tell(part, figures, epoch=epoch, epochs=recipe.epochs, curves=curves)
    if len(watched):
        stopping.take_best(model, folder=part.folder)
    seconds = time.monotonic() - began
    seen = epoch * recipe.cells_per_epoch + recipe.pretraining_epochs * sum(len(cells) for _, cells in pools)
    _keep(recipe, crops, part, learner.network, seconds=seconds, epochs=epoch, seen=seen)


def _started(recipe: Recipe, crops: Crops, part: Part, *, pools: Sequence[tuple[Crops, NDArray[np.int64]]]) -> Learner:
    """The part's network as its last checkpoint left it, or fresh, or fresh from its pretraining on `pools`."""
    network = build(recipe, precision=recipe.precision)
    learner = started(recipe, network, crops.cells, folder=part.folder)
    if recipe.pretraining_epochs and not learner.epochs:
        pretrain(
            network,
            pools,
            varier=varier(recipe.augment, size=recipe.size),
            epochs=recipe.pretraining_epochs,
            batch=recipe.batch,
            seed=(part.seed, part.fold + 1),
        )
    return learner


def _answers(recipe: Recipe, crops: Crops, part: Part) -> Answers:
    """What the part's cells are to be told, by the name of the output that tells it."""
    answers = {"logit": crops.labels.astype(np.float32)}
    if recipe.teacher:
        runs = part.folder.parent.parent
        of_teacher = parts(recipe.teacher, crops, folder=place_of(recipe.teacher, crops, folder=runs))
        (taught_by,) = (one for one in of_teacher if (one.seed, one.fold) == (part.seed, part.fold))
        teacher = trained(recipe.teacher, taught_by)
        answers["logit"] = taught(teacher, crops, part.learns, size=recipe.teacher.size)
    if recipe.adversary:
        answers["subject"], _ = subjects_of(crops.cells)
    return answers


def _is_over(recipe: Recipe, part: Part, epoch: int) -> bool:
    patience = recipe.patience
    return patience is not None and stopping.remembered(part.folder).is_over(epoch, patience=patience)


def _batches(
    recipe: Recipe,
    crops: Crops,
    part: Part,
    learns: NDArray[np.int64],
    *,
    answers: Answers,
    vary: Varier,
    epoch: int,
) -> TrainingBatches:
    """One epoch's varied cells; the same part and epoch give the same ones."""
    seed = (part.seed, part.fold + 1, epoch)
    drawn = balanced(
        [crops.cells[index] for index in learns],
        count=recipe.cells_per_epoch,
        rng=np.random.default_rng(seed),
        by_subject=recipe.sampling == "subjects",
    )
    return TrainingBatches(
        crops, learns[drawn], answers=answers, varier=vary, batch=recipe.batch, seed=seed, mixup=recipe.mixup
    )


def _learn(model: keras.Model, batches: TrainingBatches, *, heading: str) -> dict[str, float]:
    """The figures of one epoch. Who watches sees Keras' bar below the heading: Keras knows of no epoch but this."""
    watched = sys.stdout.isatty()
    if watched:
        print(heading, flush=True)
    history = model.fit(batches, verbose=1 if watched else 2).history
    return {name: float(values[-1]) for name, values in history.items()}


def _tell(part: Part, figures: dict[str, float], *, epoch: int, epochs: int, curves: Path | None) -> None:
    """One line for each epoch, whoever looks; and the curves, where they are wanted."""
    said = " ".join(f"{name} {value:.4f}" for name, value in figures.items())
    print(f"{part.folder.name} epoch {epoch}/{epochs} {said}", flush=True)
    if curves:
        from training import curves as tensorboard  # noqa: PLC0415 - only who asks for curves needs that package

        tensorboard.add(curves, figures, epoch=epoch)


def _keep(
    recipe: Recipe, crops: Crops, part: Part, trained: keras.Model, *, seconds: float, epochs: int, seen: int
) -> None:
    """Writes float32 weights, the scores of the cells that the network never saw, and last the mark that it is done."""
    model = build(recipe)
    model.set_weights(trained.get_weights())
    model.save_weights(part.folder / "network.weights.h5")
    if len(part.tested):
        np.savez(
            part.folder / "scores.npz",
            tested=part.tested,
            **_named(scores(model, crops, part.tested, size=recipe.size)),
        )
    note = {
        "seconds": round(seconds),
        "device": backend.device(),
        "parameters": model.count_params(),
        "epochs": epochs,
        "seen": seen,
    }
    aside.write(part.folder / "done.json", json.dumps(note))


def _named(arrays: dict[str, NDArray[np.float32]]) -> dict[str, Any]:
    return dict(arrays)


def _finished(recipe: Recipe, crops: Crops, place: Path) -> Sequence[results.Fold]:
    found = []
    for part in parts(recipe, crops, folder=place):
        if part.fold != FINAL and (part.folder / "done.json").exists():
            with np.load(part.folder / "scores.npz") as kept:
                note = json.loads((part.folder / "done.json").read_text())
                found.append(results.Fold(part.seed, part.fold, kept["tested"], kept["logit"], note))
    return found
