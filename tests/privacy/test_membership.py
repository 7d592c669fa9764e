"""The attack by a threshold on the loss, beside scikit-learn and simulations."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.metrics import roc_auc_score, roc_curve

from leyden.privacy.membership import advantage_bound, membership

LOSSES = st.lists(st.sampled_from([0.0, 0.1, 0.5, 1.0, 2.0, 7.0]), min_size=2, max_size=30)


@given(trained=LOSSES, others=LOSSES)
def test_auc_and_advantage_are_those_of_scikit_learn(trained, others):
    found = membership(np.array(trained), np.array(others))
    labels = [1] * len(trained) + [0] * len(others)
    scores = [-loss for loss in (*trained, *others)]
    wrong, right, _ = roc_curve(labels, scores)
    assert found.auc == pytest.approx(roc_auc_score(labels, scores))
    assert found.advantage == pytest.approx(max(right - wrong), abs=1e-12)


def test_the_interval_covers_the_true_auc_about_as_often_as_it_says():
    generator, hits = np.random.default_rng(0), 0
    for _ in range(400):
        trained, others = generator.normal(0, 1, 80), generator.normal(0.5, 1, 60)
        found = membership(trained, others)
        hits += found.low <= 0.6381632 <= found.high  # Phi(0.5 / sqrt(2))
    assert 0.92 <= hits / 400 <= 0.98


@pytest.mark.parametrize(
    ("epsilon", "delta", "bound"), [(0, 0, 0), (np.log(3), 0, 0.5), (0, 0.2, 0.2), (1e4, 0, 1)]
)
def test_the_bound_on_the_advantage_is_computed_by_hand(epsilon, delta, bound):
    assert advantage_bound(epsilon, delta) == pytest.approx(bound)
