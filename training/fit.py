"""Trains a recipe: every grouped fold of every seed, then the final network on all cells. Finished parts are kept.

Each part writes its weights and scores when it is done and a checkpoint after every epoch, so a run that was cut off
goes on where it stopped, and under TensorFlow to the same network. Under another backend Keras looks at some batches
before the first epoch of a run, which shifts their order.
"""

import json
import sys
import time
from collections.abc import Sequence
from pathlib import Path

import keras
import numpy as np
from numpy.typing import NDArray

from training import aside, linear, patches, results, stopping
from training.adversary import subjects_of
from training.augment import Varier, varier
from training.dataset import Answers, Crops, TrainingBatches, balanced
from training.learner import Learner, checkpoint, settle, started, take_up_chance
from training.network import build, keep, trained
from training.parts import FINAL, ORDER, Part, finished, met, order_of, part_named, parts_of, place_of
from training.pretrain import pretrain
from training.recipe import Recipe
from training.teacher import taught


def fit(
    recipe: Recipe,
    crops: Crops,
    *,
    folder: Path,
    results_folder: Path,
    logs: Path | None = None,
    unlabelled: Crops | None = None,
    only: str | None = None,
) -> None:
    """Trains what is not trained yet; after every part the out-of-fold logits so far are written to the results, unless
    those of more folds of the same recipe on the same cells are there.

    `only` is the name of one part: several processes may each train another one of a recipe, and a last call without it
    writes the results of all.

    `logs` is where TensorBoard will look for the curves; None writes none. `unlabelled` are met where the recipe learns
    without labels. Raises CellsReordered where some of it was trained on the same cells in another order, and
    PartNotFound.
    """
    place = place_of(recipe, crops, folder=folder, unlabelled=unlabelled)
    aside.write(place / "recipe.json", json.dumps(recipe.as_json(), indent=1))
    aside.write(place / ORDER, order_of(recipe, crops, unlabelled=unlabelled))
    parts = parts_of(recipe, crops, folder=place)
    for part in [part_named(only, parts)] if only else parts:
        if part.is_done:
            continue
        part.folder.mkdir(parents=True, exist_ok=True)
        keras.utils.set_random_seed(1000 * part.seed + part.fold + 1)
        curves = logs and logs / place.name / part.folder.name
        if recipe.learns_head_at_once:
            _learn_head(recipe, crops, part, unlabelled=unlabelled)
        else:
            _fit_part(recipe, crops, part, unlabelled=unlabelled, curves=curves)
        if part.fold != FINAL:
            _keep_results(recipe, crops, place=place, folder=results_folder, unlabelled=unlabelled)
    _keep_results(recipe, crops, place=place, folder=results_folder, unlabelled=unlabelled)


def _keep_results(recipe: Recipe, crops: Crops, *, place: Path, folder: Path, unlabelled: Crops | None) -> None:
    """Writes the scores of the folds that are finished in `place`, unless more are kept already."""
    found = finished(recipe, crops, folder=place)
    path = folder / f"{recipe.name}.csv"
    made_from = results.fingerprints(recipe, crops.cells, unlabelled=met(recipe, unlabelled))
    if results.has_more_folds(path, made_from, than=len(found)):
        print(f"{path} has more folds of this recipe than the {len(found)} trained here, and stays.", flush=True)
    elif found:
        results.write(recipe, crops.cells, found, folder=folder, made_from=made_from)


def _learn_head(recipe: Recipe, crops: Crops, part: Part, *, unlabelled: Crops | None) -> None:
    began = time.monotonic()
    model = build(recipe)
    seen = len(part.learns) * (1 + (recipe.views or 0) + recipe.tints)
    if recipe.patches:
        pools, seed = _pools(crops, part, unlabelled), (part.seed, part.fold + 1)
        took = patches.learn(recipe, model, pools, asked=recipe.patches, folder=part.folder, seed=seed)
        began = time.monotonic() - took
        seen += 2 * recipe.patches.batch * recipe.patches.steps
    tables = part.folder.parent if recipe.is_fixed else part.folder
    linear.learn(recipe, model, crops, part.learns, folder=tables)
    keep(recipe, crops, part, model, seconds=time.monotonic() - began, epochs=1, seen=seen)
    print(f"{part.folder.name} done", flush=True)


def _pools(crops: Crops, part: Part, unlabelled: Crops | None) -> list[tuple[Crops, NDArray[np.int64]]]:
    """The cells that may be learned from without their label: of people that the part learns from, and of no fold."""
    of_nobody = [(unlabelled, np.arange(len(unlabelled.cells)))] if unlabelled is not None else []
    return [(crops, part.learns), *of_nobody]


def _fit_part(recipe: Recipe, crops: Crops, part: Part, *, unlabelled: Crops | None, curves: Path | None) -> None:
    began = time.monotonic()
    pools = _pools(crops, part, unlabelled)
    learner = _started(recipe, crops, part, pools=pools)
    model, epoch = learner.asked, learner.epochs
    began -= learner.seconds
    learns, watched = part.learns, part.learns[:0]
    if recipe.patience is not None:
        learns, watched = stopping.watched_apart(crops.cells, part.learns, seed=part.seed)
    answers = _answers(recipe, crops, part, unlabelled=unlabelled)
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
        checkpoint(model, folder=part.folder, epoch=epoch, seconds=time.monotonic() - began)
        _tell(part, figures, epoch=epoch, epochs=recipe.epochs, curves=curves)
    if len(watched):
        stopping.take_best(model, folder=part.folder)
    seconds = time.monotonic() - began
    seen = epoch * recipe.cells_per_epoch + recipe.pretraining_epochs * sum(len(cells) for _, cells in pools)
    keep(recipe, crops, part, learner.network, seconds=seconds, epochs=epoch, seen=seen)


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


def _answers(recipe: Recipe, crops: Crops, part: Part, *, unlabelled: Crops | None) -> Answers:
    """What the part's cells are to be told, by the name of the output that tells it."""
    answers = {"logit": crops.labels.astype(np.float32)}
    if recipe.teacher:
        runs = part.folder.parent.parent
        place = place_of(recipe.teacher, crops, folder=runs, unlabelled=unlabelled)
        of_teacher = parts_of(recipe.teacher, crops, folder=place)
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
