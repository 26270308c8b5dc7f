"""From C-NMC images to a bundle: python -m training {index,explore,fit,search,evaluate,export,results,…} …"""

import argparse
import logging
import os
import re
import sys
from collections.abc import Callable, Sequence
from pathlib import Path

from app.errors import BlastscreenError
from training import asked, backend, commands
from training.recipes import OURS

VAR = Path("var/training")

STOPPED = 130
"""What a shell gives for a program that Ctrl-C ended."""

LAST_SEED = 1_000_000
"""Seeds of folds are a thousand times a partition's, and NumPy takes 32 bits."""

IMAGES = "images in the C-NMC layout"
EACH_PERSON = "every person left out alone"

WITHOUT_VAR, WITHOUT_RESULTS = ("compare", "results"), ("index", "explore", "search")
"""Commands that keep nothing there."""

Command = Callable[[str, str], argparse.ArgumentParser]
"""Adds a command by its name and its meaning."""


def read(words: Sequence[str]) -> argparse.Namespace:
    """What the words of a command ask for; its options may stand before, between and after what it is about.

    Ends the program with a sentence where they ask for nothing that there is.
    """
    top, by_name = _parsers()
    if words and words[0] in by_name:
        return by_name[words[0]].parse_intermixed_args(words[1:])
    return top.parse_args(words)


def _parsers() -> tuple[argparse.ArgumentParser, dict[str, argparse.ArgumentParser]]:
    """All commands in one parser, and the parser of each by its name: only those take words and options mixed. What a
    command does is the function of that name in `training.commands`.
    """
    top = argparse.ArgumentParser(prog="python -m training", description=__doc__)
    known = top.add_subparsers(required=True, metavar="command")

    def command(name: str, meaning: str) -> argparse.ArgumentParser:
        one = known.add_parser(name, help=meaning, description=meaning)
        one.set_defaults(command=name, act=getattr(commands, name))
        if name not in WITHOUT_VAR:
            one.add_argument(
                "--var", type=Path, default=VAR, help="where index, crops and networks are kept (%(default)s)"
            )
        if name not in WITHOUT_RESULTS:
            one.add_argument("--results", type=Path, help=f"where out-of-fold logits are kept ({asked.RESULTS})")
        return one

    _of_a_folder(command)
    _of_a_recipe(command)
    _of_results(command)
    return top, dict(known.choices)


def _of_a_folder(command: Command) -> None:
    for name, meaning in (
        ("index", "read a folder of cells into one table"),
        ("explore", "the exploratory report, as one HTML page"),
        ("morphology", "percentiles of shape and texture of each class, into the results, for the card"),
        ("retakes", "which images show a cell that another one shows, into the results"),
    ):
        command(name, meaning).add_argument("folder", type=Path, help=IMAGES)
    gate = command("gate", "how many real cells the gate refuses, and how much else; into the results")
    gate.add_argument("folder", type=Path, help=IMAGES)
    _not_cells(gate)
    features = command("features", "the rows of hand-made features in an SVM")
    features.add_argument("folder", type=Path, help=IMAGES)
    rows = features.add_mutually_exclusive_group()
    rows.add_argument("--beside", default=OURS, help="the results that the last row adds to (%(default)s)")
    rows.add_argument("--partition", type=_seed, help="on this grouped partition; without a row beside a network")
    rows.add_argument("--each-person", action="store_true", help=f"{EACH_PERSON}; without a row beside a network")


def _of_a_recipe(command: Command) -> None:
    fit = _recipe(command("fit", "train a recipe: grouped folds, then the final network"))
    fit.add_argument("--part", help="only this one, say seed0-fold1: for several processes or machines, each its own")
    fit.add_argument("--tensorboard", action="store_true", help="also write curves for TensorBoard, below --var")
    search = _recipe(command("search", "try a recipe's declared choices: all, or some at random"))
    search.add_argument("--draws", type=_count, help="so many random combinations instead of the whole grid")
    evaluate = _recipe(command("evaluate", "figures of a recipe, as pages with plots"))
    evaluate.add_argument("--shifts", action="store_true", help="also the shift test, which needs the trained networks")
    export = _recipe(command("export", "write a trained recipe as a bundle"))
    export.add_argument("--version", type=_version, default="1")
    export.add_argument("--models", type=Path, default=commands.MODELS)
    _not_cells(export)


def _count(text: str) -> int:
    if not text.isdecimal() or int(text) < 1:
        raise argparse.ArgumentTypeError("a number from 1 on")
    return int(text)


def _seed(text: str) -> int:
    if not text.isdecimal() or int(text) > LAST_SEED:
        raise argparse.ArgumentTypeError(f"a number from 0 to {LAST_SEED:,}")
    return int(text)


def _version(text: str) -> str:
    if not re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9._-]{0,39}", text):
        raise argparse.ArgumentTypeError("letters, digits, dots and dashes, 40 at most: it ends the folder's name")
    return text


def _of_results(command: Command) -> None:
    time = command("time", "milliseconds an image in ONNX Runtime, into the results")
    time.add_argument("recipes", nargs="+", metavar="recipe")
    _variant(time)
    card = command("card", "write a bundle's MODEL_CARD.md anew, with gate and retakes from the results")
    card.add_argument("bundle", type=Path, help="the model's folder")
    compare = command("compare", "every figure of one recipe's results less another's, on the same cells, as JSON")
    compare.add_argument("one", help="a recipe with committed results")
    compare.add_argument("other", help="the one it is held against")
    command("results", "write RESULTS.md, above the folder of results, from all that are kept there")


def _not_cells(one: argparse.ArgumentParser) -> None:
    one.add_argument("--not-cells", type=Path, help="smear fields for the gate's trial (not_cells beside the images)")


def _recipe(one: argparse.ArgumentParser) -> argparse.ArgumentParser:
    one.add_argument("recipe")
    one.add_argument("folder", type=Path, nargs="?", help=f"{IMAGES}; not for drawn cells")
    _variant(one)
    return one


def _variant(one: argparse.ArgumentParser) -> None:
    either = one.add_mutually_exclusive_group()
    either.add_argument("--from-scratch", action="store_true", help="a transfer recipe without its ImageNet weights")
    either.add_argument("--as-published", action="store_true", help="an earlier network at its own input; for a GPU")
    folds = one.add_mutually_exclusive_group()
    folds.add_argument("--partition", type=_seed, help="on this grouped partition alone, by its seed, folds only")
    folds.add_argument("--each-person", action="store_true", help=f"{EACH_PERSON}, folds only")


def main(words: list[str] | None = None) -> int:
    """Runs one command; 1 and a sentence on standard error where it cannot be done."""
    arguments = read(sys.argv[1:] if words is None else words)
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")
    logging.getLogger("tensorflow").setLevel(logging.ERROR)  # its advice on retracing drowns what is told here
    try:
        backend.refuse_unfit(os.environ.get("KERAS_BACKEND", ""), command=arguments.command)
        arguments.act(arguments)
    except BlastscreenError as error:
        print(f"training: {error.message}", file=sys.stderr)
        return 1
    except OSError as error:
        print(f"training: {_of_the_system(error)}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("training: stopped. What was finished is kept: the same command goes on from there.", file=sys.stderr)
        return STOPPED
    return 0


def _of_the_system(error: OSError) -> str:
    """What could not be read or written and why, in a sentence."""
    where = f"{error.filename} cannot be read or written" if error.filename else "a file cannot be read or written"
    return f"{where} ({error.strerror or error}). See to that and run the same command again: it goes on."


if __name__ == "__main__":
    sys.exit(main())
