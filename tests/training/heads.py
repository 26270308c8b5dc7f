"""Heads that have not learned: weights drawn at random, of which every one says something."""

import numpy as np


def drawn_weights(network, *, deviation):
    """Gives all weights of the network's layer `head` normal numbers of this deviation, the same each time."""
    rng = np.random.default_rng(0)
    for weight in network.get_layer("head").weights:
        weight.assign(rng.normal(0, deviation, weight.shape))
