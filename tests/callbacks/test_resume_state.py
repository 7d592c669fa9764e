"""Generators of random numbers go on where they were."""

import random

import numpy as np
import torch

from leyden.callbacks.resume_state import generator_states, restore_generators


def drawn():
    return [
        *(random.random(), random.gauss(0, 1), np.random.rand(), np.random.randn()),
        *torch.randn(3).tolist(),
    ]


def test_each_generator_gives_once_more_what_it_gave():
    drawn()  # an odd number of normal numbers: the generators keep the other of a pair
    states = generator_states()
    expected = drawn()
    restore_generators(states)
    assert drawn() == expected
