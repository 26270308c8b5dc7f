"""What one experiment may vary. A recipe is a value: the same recipe, data and seed give the same network."""

import dataclasses
import hashlib
import json
import re
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Literal, get_args

from app.errors import Misconfigured

Optimizer = Literal["adamw", "adam", "rmsprop"]
Sampling = Literal["subjects", "cells"]
Precision = Literal["float32", "mixed_bfloat16"]

EACH_PERSON = 0
"""Instead of a number of folds: every person is one, left out alone."""
OF_EACH_PERSON = "_each_person"
"""What the names of such recipes and of their results end in."""
OF_AS_PUBLISHED, OF_FROM_SCRATCH = "_as_published", "_scratch"
"""What the names of such variants end in, before what says the folds."""

HAND_MADE, HAND_MADE_SIZED = "features_svm", "features_svm_sized"
"""The results of hand-made features alone; those beside a network are `HAND_MADE` and its results' name."""


class ChoiceNotKnown(Misconfigured):
    code = "choice_not_known"


def seed_in(name: str) -> int | None:
    """The partition that the name of some results ends in; None for those that were not made for one alone."""
    found = re.fullmatch(r".+_on_(\d+)", name)
    return int(found[1]) if found else None


def words_for(name: str) -> str:
    """The command that makes results of this name, without the folder: which recipe, which variant of it, and which
    folds where those are not its own; `features` makes those of hand-made features."""
    plain, folds = name.removesuffix(OF_EACH_PERSON), " --each-person"
    if plain == name:
        seed = seed_in(name)
        plain, folds = (name, "") if seed is None else (name.removesuffix(f"_on_{seed}"), f" --partition {seed}")
    if plain in {HAND_MADE, HAND_MADE_SIZED}:
        return f"features{folds}"
    if plain.startswith(f"{HAND_MADE}_"):
        return f"features --beside {plain.removeprefix(f'{HAND_MADE}_')}"
    for ending, option in ((OF_AS_PUBLISHED, "--as-published"), (OF_FROM_SCRATCH, "--from-scratch")):
        if plain.endswith(ending):
            return f"fit {plain.removesuffix(ending)} {option}{folds}"
    return f"fit {plain}{folds}"


@dataclass(frozen=True)
class Augment:
    """How training crops are varied. Strengths are deviations or half-widths, shares are fractions of cells."""

    unwarped_share: float = 1 / 3
    """Cells that get 90-degree turns and flips only, so that the network also sees pixels no warp has softened."""
    scale_log: float = 0.4
    """Scale is drawn from e^-x .. e^x, even in its logarithm: size must not become a shortcut."""
    shift_px: float = 10.0
    gamma_sigma: float = 0.3
    channel_sigma: float = 0.15
    brightness: float = field(default=0.0, metadata={"came_later": True})
    """Half-width of one factor for all channels, even in 1-x..1+x."""
    noise_sigma: float = 6.0
    """Grey levels; each cell draws its own level between 0 and this."""
    noise_share: float = 0.5
    eroded_share: float = 1 / 3
    opened_share: float = 1 / 4


@dataclass(frozen=True)
class Discriminant:
    """How much each kind of scatter within a class weighs in a head that `training.discriminant` learns."""

    cells: float = 3.0
    """Among the cells of one person."""
    subjects: float = 2.0
    """Among the means of the people of one class."""
    views: float = 2.0
    """Between a cell as it is and its variations."""
    floor: float = 0.01
    """Added to every feature's scatter; features have unit deviation."""
    tints: float = field(default=0.0, metadata={"came_later": True})
    """Between a cell as it is and the same in other colours."""
    size: float = field(default=0.0, metadata={"came_later": True})
    """What the last feature, how much of the picture the cell covers, weighs beside all else that is learned, each in
    its own deviation; 0: the network has no such feature.
    """
    varying_floor: float = field(default=0.0, metadata={"came_later": True})
    """As `floor`, for how far every weight varies with each of the network's modifiers; 0: they do not."""
    stain_floor: float = field(default=0.0, metadata={"came_later": True})
    """As `floor`, for what takes the stain off all else; 0: the network is not told the stain."""
    stain_adjusted: bool = field(default=False, metadata={"came_later": True})
    """What the classes differ in only because their stain differs is taken off as well: they are told apart by how
    cells of one stain differ.
    """


@dataclass(frozen=True)
class Patches:
    """How a network learns, without labels, which two patches are of one cell (`training.patches`)."""

    side: int = 112
    """Of a patch, in pixels."""
    batch: int = 512
    """Cells at once, each of which gives two patches."""
    steps: int = 3000
    learning_rate: float = 1e-3
    weight_decay: float = 1e-3
    scale_log: float = 0.3
    """Scale is drawn from e^-x .. e^x, even in its logarithm."""
    shift_px: float = 40.0
    """A patch's middle lies at most so far from the cell's, to either side."""
    gamma_sigma: float = 0.2
    channel_sigma: float = 0.15
    noise_sigma: float = 4.0
    """Grey levels; each patch draws its own level between 0 and this."""


@dataclass(frozen=True)
class Recipe:
    """One experiment: a network, its input, how it is trained and on which folds.

    The defaults never change: whoever wants another value says so in a recipe, and a new choice is a new field.
    """

    name: str
    network: Callable[..., Any]
    """A function of `training.networks`, called with `size` and `network_options`; gives a Keras model."""
    network_options: dict[str, Any] = field(default_factory=dict)
    size: int = 224
    """Side of the square crop in pixels, at native scale."""
    shrink_to: int | None = None
    """Side to which the crop is shrunk, inside the network, where the published size is out of reach."""
    frame: int | None = None
    """Side of the black square in which the crop is set before it is shrunk, as in the images themselves."""
    epochs: int = 16
    cells_per_epoch: int = 6400
    batch: int = 64
    optimizer: Optimizer = "adamw"
    """`adamw` with warm-up, cosine, clipping and average weights; or plain `adam` or `rmsprop` at one learning rate."""
    learning_rate: float = 2e-3
    weight_decay: float = 0.05
    warm_up_epochs: float = 2.0
    label_smoothing: float = 0.05
    clip_norm: float = 1.0
    ema: float = 0.995
    """Momentum of the average weights: each epoch ends on them and the next goes on from there; 0 averages nothing."""
    sampling: Sampling = "subjects"
    """Within a class, `subjects` draws a subject by the root of its size first, `cells` any cell like another."""
    mixup: float = 0.0
    """Blend two cells and their labels by a share from Beta(x, x), the first keeping the larger part; 0 blends none."""
    adversary: float = 0.0
    """How strongly the embedding is turned away from telling the subjects of a class apart; 0 does not ask."""
    pretraining_epochs: int = 0
    """So many rounds without labels first, on the cells that the fold learns from and on unlabelled ones, if any."""
    teacher: "Recipe | None" = None
    """A trained recipe whose mean over eight ways to lie makes up half of the label; its part of the same fold."""
    augment: Augment = Augment()
    folds: int = 3
    """Or EACH_PERSON."""
    seeds: tuple[int, ...] = (0,)
    """One grouped partition, and one set of networks, for each seed."""
    final_fit: bool = True
    bundle: str = "blastscreen-cnn"
    """The name of the exported model."""
    drawn_cells: int = 0
    """Train on so many drawn cells of each class instead of on real ones; the bundle is then for demonstration."""
    precision: Precision = "float32"
    """Keras dtype policy in training; what is exported is always float32."""
    patience: int | None = None
    """Stop after so many epochs without a better AUC on training subjects set apart, and keep the best weights."""

    tints: int = 0
    """So many more variations of every cell for that head, each of its colours alone: a gain for every channel."""
    tint_sigma: float = 0.1
    """The deviation of the logarithm of those gains."""
    patches: Patches | None = None
    """Learn all before that head, in each fold anew, from patches without labels; None: it has nothing to learn."""
    views: int | None = None
    """Learn only the network's `head`, at once, from every cell and so many variations of it; None: by gradient."""
    discriminant: Discriminant | None = None
    """Learn that head as a discriminant; None: by logistic regression, to which variations are further cells."""
    head_strength: float = 1.0
    """Inverse strength of the logistic regression's L2 penalty, on standardised features."""

    choices: dict[str, tuple[Any, ...]] = field(default_factory=dict)
    """What `search` tries: a field of the recipe, or of its network's options, and the values to try for it."""

    def __post_init__(self) -> None:
        """Raises ChoiceNotKnown: what `search` tries was in no type's sight."""
        for name, known in (("optimizer", Optimizer), ("sampling", Sampling), ("precision", Precision)):
            asked, there = getattr(self, name), get_args(known)
            if asked not in there:
                raise ChoiceNotKnown(f"Recipe {self.name} has {asked!r} for {name}. Name one of {', '.join(there)}.")

    @property
    def learns_head_at_once(self) -> bool:
        """Whether the labels teach a head alone, and that at once."""
        return self.views is not None

    @property
    def is_fixed(self) -> bool:
        """Whether all before that head is fixed: what it says of a cell is the same in every fold."""
        return self.learns_head_at_once and self.patches is None

    @property
    def learns_without_labels(self) -> bool:
        """Whether it also learns from cells whose label it is not told."""
        return self.pretraining_epochs > 0 or self.patches is not None

    def with_choices(self, chosen: dict[str, Any]) -> "Recipe":
        """This recipe with these values for fields of it, or else for options of its network; tried for itself."""
        own = {field.name for field in dataclasses.fields(self)}
        options = self.network_options | {name: value for name, value in chosen.items() if name not in own}
        fields = {name: value for name, value in chosen.items() if name in own}
        return dataclasses.replace(self, network_options=options, choices={}, final_fit=False, **fields)

    def on_partition(self, seed: int) -> "Recipe":
        """This recipe, and its teacher, on one other grouped partition alone, under a name that says so."""
        teacher = self.teacher and self.teacher.on_partition(seed)
        name = f"{self.name}_on_{seed}"
        return dataclasses.replace(self, name=name, seeds=(seed,), final_fit=False, teacher=teacher)

    def each_person(self) -> "Recipe":
        """This recipe, and its teacher, with every person left out alone, under a name that says so: each network
        learns from all other people, as what is served learns from all."""
        teacher = self.teacher and self.teacher.each_person()
        name = f"{self.name}{OF_EACH_PERSON}"
        return dataclasses.replace(self, name=name, folds=EACH_PERSON, seeds=(0,), final_fit=False, teacher=teacher)

    def as_json(self) -> dict[str, Any]:
        """Every choice as plain JSON values; the network as `module.function`."""
        choices = dataclasses.asdict(self)
        choices["network"] = f"{self.network.__module__}.{self.network.__qualname__}"
        choices["teacher"] = self.teacher and f"{self.teacher.name}-{self.teacher.fingerprint()}"
        return choices

    def fingerprint(self) -> str:
        """First 12 hex digits of the SHA-256 of what differs from the defaults: other choices' results never mix in."""
        plain = Recipe(name="", network=self.network).as_json()
        chosen = {name: value for name, value in self.as_json().items() if value != plain[name]}
        chosen["network"] = self.as_json()["network"]
        for name, part in (("augment", self.augment), ("discriminant", self.discriminant)):
            if part and name in chosen:
                chosen[name] = _without_later_defaults(part, chosen[name])
        return hashlib.sha256(json.dumps(chosen, sort_keys=True).encode()).hexdigest()[:12]


def _without_later_defaults(part: Augment | Discriminant, told: dict[str, Any]) -> dict[str, Any]:
    """What is told of `part`, without the fields that came later and are not used: fingerprints stay what they were."""
    unused = {
        one.name for one in dataclasses.fields(part) if one.metadata.get("came_later") and told[one.name] == one.default
    }
    return {name: value for name, value in told.items() if name not in unused}
