"""What each command of `python -m training` does; each loads only what it needs, so that all start at once."""

import argparse
import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

from app.errors import Misconfigured
from training import aside, asked
from training.recipes import OURS

if TYPE_CHECKING:
    pass

MODELS = Path("models")


class CardIncomplete(Misconfigured):
    code = "card_incomplete"


class NoCurves(Misconfigured):
    code = "no_curves"


class NoFinalNetwork(Misconfigured):
    code = "no_final_network"


def index(arguments: argparse.Namespace) -> None:
    from training import cnmc
    from training import index as tables

    table = asked.writable(arguments.var) / asked.INDEX
    found = cnmc.find(arguments.folder)
    cells = tables.renewed(found, table)
    print(f"{len(cells)} cells -> {table}", *tables.summary(found, cells), sep="\n")


def fit(arguments: argparse.Namespace) -> None:
    recipe = asked.chosen(arguments)
    if arguments.tensorboard and recipe.learns_head_at_once:
        raise NoCurves(
            f"The head of {recipe.name} is learned at once, so there are no curves. Leave --tensorboard out."
        )
    from training import results as kept
    from training.fit import fit as fit_recipe

    results_folder = asked.writable(asked.results_folder(arguments, recipe), option="--results")
    crops, _ = asked.crops(arguments, recipe)
    path = results_folder / f"{recipe.name}.csv"
    kept.refuse_in_place_of_others(path, crops.cells)
    fit_recipe(
        recipe,
        crops,
        folder=arguments.var / "runs",
        results_folder=results_folder,
        logs=arguments.var / "tensorboard" if arguments.tensorboard else None,
        unlabelled=asked.unlabelled(arguments, recipe),
        only=arguments.part,
    )
    trained = f"{arguments.part} is trained" if arguments.part else "all parts are trained"
    print(f"{trained}; out-of-fold logits: {path}")


def explore(arguments: argparse.Namespace) -> None:
    from training import explore as exploring

    crops = asked.stored(arguments, arguments.folder)
    exploring.write(crops, arguments.folder, path=arguments.var / "explore.html")
    print(arguments.var / "explore.html")


def search(arguments: argparse.Namespace) -> None:
    from training import search as searching

    recipe = asked.chosen(arguments)
    searching.refuse_without_choices(recipe)
    crops, _ = asked.crops(arguments, recipe)
    runs, folder = arguments.var / "runs", arguments.var / "search"
    unlabelled = asked.unlabelled(arguments, recipe)
    print(searching.search(recipe, crops, runs=runs, folder=folder, draws=arguments.draws, unlabelled=unlabelled))


def evaluate(arguments: argparse.Namespace) -> None:
    from training import evaluate as evaluation
    from training import page, points, shift_test
    from training.out_of_fold import scores_of

    recipe = asked.chosen(arguments)
    crops, root = asked.crops(arguments, recipe)
    folder = asked.results_folder(arguments, recipe)
    on = scores_of(recipe, crops.cells, folder=folder)
    if arguments.shifts:
        unlabelled = asked.unlabelled(arguments, recipe)
        runs = arguments.var / "runs"
        print(*shift_test.run(recipe, crops, on, runs=runs, folder=folder, unlabelled=unlabelled), sep="\n")
    shifts, note = shift_test.kept(recipe, crops, on, folder=folder)
    for seed, scored in on.items():
        found = {
            **evaluation.report(scored, crops.cells, seed=seed),
            "curves": points.curves(scored),
            **shift_test.on_page(recipe, shifts, note, seed=seed),
        }
        written = arguments.var / "evaluation" / f"{recipe.name}-seed{seed}"
        page.write(found, scored, crops, path=written)
        print(f"{written}.html and .json, from images in {root}")


def export(arguments: argparse.Namespace) -> None:
    from training import export as exporting

    recipe = asked.chosen(arguments)
    if not recipe.final_fit:
        of_folds = arguments.each_person or arguments.partition is not None
        raise NoFinalNetwork(
            f"{recipe.name} has networks of folds only, and none that learned from all cells. "
            + (
                f"Export `{arguments.recipe}` without --partition or --each-person."
                if of_folds
                else "It is a row of the contest and not made to be served: export another recipe."
            )
        )
    models = asked.writable(arguments.models, option="--models")
    crops, root = asked.crops(arguments, recipe)
    results_folder = asked.results_folder(arguments, recipe)
    trained = exporting.load(
        recipe,
        crops,
        root=root,
        runs=arguments.var / "runs",
        results_folder=results_folder,
        smear_fields=None if recipe.drawn_cells else asked.smear_fields(arguments, root),
        unlabelled=asked.unlabelled(arguments, recipe),
    )
    print(exporting.export(trained, version=arguments.version, models=models))


def gate(arguments: argparse.Namespace) -> None:
    from training import gate as trying

    recipe = asked.recipe_named(OURS)  # the folds that its card tries the gate on
    path = asked.kept_in(arguments) / "gate.json"
    cells, smears = asked.indexed(arguments, arguments.folder), asked.smear_fields(arguments, arguments.folder)
    found = trying.trial_of(cells, arguments.folder, folds=recipe.folds, seed=recipe.seeds[0], fields_of=smears)
    aside.write(path, json.dumps(found, indent=1) + "\n")
    print(path)


def morphology(arguments: argparse.Namespace) -> None:
    from training import morphology as measuring

    path = asked.kept_in(arguments) / asked.MORPHOLOGY
    found = measuring.percentiles(asked.indexed(arguments, arguments.folder), arguments.folder)
    aside.write(path, json.dumps(found) + "\n")
    print(path)


def retakes(arguments: argparse.Namespace) -> None:
    from training import retakes as photographed

    path = asked.kept_in(arguments) / photographed.KEPT
    photographed.write(asked.stored(arguments, arguments.folder), path)
    print(path)


def card(arguments: argparse.Namespace) -> None:
    from app.vision.bundle import read_card
    from training import gate as trying
    from training import morphology as measuring
    from training import renew
    from training import retakes as photographed

    shipped = read_card(arguments.bundle)
    if not {"recipe", "data_fingerprint"} <= set(shipped.training):
        raise CardIncomplete(
            f"The card in {arguments.bundle} does not say of which recipe and cells it is. Export the model again."
        )
    asked.writable(arguments.bundle, option="a copy of it")
    results_folder = arguments.results or asked.RESULTS
    shape = results_folder / asked.MORPHOLOGY
    if shipped.for_demonstration:
        recipe = asked.recipe_named(shipped.training["recipe"]["name"])
        cells, root = asked.drawn_cells(arguments, recipe)
        measured = {"gate": trying.trial_of(cells, root, folds=recipe.folds, seed=recipe.seeds[0], fields_of=None)}
        usual: dict[str, Any] | None = measuring.for_card(cells, root, kept=shape)
    else:
        fingerprint = shipped.training["data_fingerprint"]
        measured = {"gate": trying.kept_trial(results_folder / "gate.json", fingerprint=fingerprint)}
        usual = measuring.kept_for(shape, fingerprint=fingerprint) or shipped.morphology
        if again := photographed.of_results(shipped.raw, folder=results_folder):
            measured["retakes"] = again
    print(renew.renew(arguments.bundle, morphology=usual, **measured))


def features(arguments: argparse.Namespace) -> None:
    from training import features as hand_made
    from training import machines

    folder = asked.kept_in(arguments)
    crops = asked.stored(arguments, arguments.folder)
    table = hand_made.stored(crops, folder=arguments.var / "features")
    for machine in machines.asked_for(
        beside=arguments.beside, seed=arguments.partition, each_person=arguments.each_person
    ):
        machines.write(machine, crops, table, folder=folder)
        print(folder / f"{machine.name}.csv")


def time(arguments: argparse.Namespace) -> None:
    from training import results as kept
    from training import timing
    from training.network import build

    for name in arguments.recipes:
        recipe = asked.chosen(argparse.Namespace(**{**vars(arguments), "recipe": name}))
        taken = timing.milliseconds(build(recipe), size=recipe.size)
        path = asked.results_folder(arguments, recipe) / f"{recipe.name}.json"
        kept.record_milliseconds(path, taken)
        print(f"{recipe.name}: {taken.from_crop} ms from the crop on, {taken.whole} ms from the pixels on")


def compare(arguments: argparse.Namespace) -> None:
    from training import compare as comparing
    from training import results as kept

    folder = arguments.results or asked.RESULTS
    one, other = (folder / f"{name}.csv" for name in (arguments.one, arguments.other))
    found = comparing.compared(one, other, kept.cells_beside(folder))
    print(json.dumps(found, indent=1, allow_nan=False))


def results(arguments: argparse.Namespace) -> None:
    from training import contest

    folder = arguments.results or asked.RESULTS
    page = folder.parent / "RESULTS.md"
    aside.write(page, contest.text(folder))
    print(page)
