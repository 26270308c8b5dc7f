"""From images in the C-NMC layout to a bundle that is served. Where to look first:

Cells      `labels` and `cnmc` read a folder into the table of `cells`, which `index` keeps; `twice` found which
           subjects are one person, `splits` never parts one, `dataset` keeps the crops, `explore` shows them.
Networks   `recipe` is one experiment as a value, `recipes/` and `earlier` have them all, `networks/` builds what they
           name. `fit` trains by gradient (`learner`, `augment`, `stopping`, `pretrain`, `patches`) or learns a head at
           once (`linear`, `discriminant`, `varying`). `features` and `machines` are hand-made, `floor` is size and
           colour.
Scores     `results` are committed logits, `out_of_fold` what they say, calibrated; `metrics` and `bootstrap` are what
           every figure is of, `evaluate` takes them all, `page` and `plots` show them.
RESULTS.md `contest` writes it: `targets`, `partitions`, `tilted`, `retakes`, `steps` and `step_rule` are its sections.
The bundle `export` makes it: `onnx_model`; the card by `card`, of `trust`, `distance`, `gate`, `compressed`, `shifts`,
           `subgroups` and `morphology`; MODEL_CARD.md by `model_card`, with `failures`.

`commands` has what each command of `python -m training` does. `docs/glossary.md` says what words mean here.
"""
