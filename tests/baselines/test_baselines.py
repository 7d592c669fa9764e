"""Baselines beside scikit-learn on the same parts, and numbers by hand."""

from math import log

import numpy as np
import pytest
import torch
from sklearn.linear_model import LogisticRegression, Ridge
from sklearn.metrics import accuracy_score, log_loss
from sklearn.neighbors import KNeighborsClassifier
from sklearn.preprocessing import StandardScaler

from leyden.baselines.compute import baselines_of
from leyden.baselines.samples import MOST_NUMBERS, MOST_SAMPLES, chosen, flat
from leyden.baselines.text import compressed_bits
from leyden.data import BatchIndices, Blobs, DataModule, DataSplits, Digits, Line, Spec


def by_name(data):
    return {one.name: one for one in baselines_of(data.splits)}


def arrays(part):
    inputs, targets = part[BatchIndices(0, torch.arange(len(part)))]
    return inputs.flatten(1).numpy(), targets.numpy()


def test_images_have_the_numbers_of_scikit_learn():
    splits = Digits(batch_size=64).splits
    found = {one.name: one.metrics for one in baselines_of(splits)}
    (x, y), (test_x, test_y) = arrays(splits.train), arrays(splits.test)
    scaler = StandardScaler().fit(x)
    model = LogisticRegression(max_iter=1000).fit(scaler.transform(x), y)
    shares = model.predict_proba(scaler.transform(test_x))
    of_logistic = found["logistic regression"]
    assert of_logistic["test/acc"] == pytest.approx(accuracy_score(test_y, shares.argmax(1)))
    assert of_logistic["test/loss"] == pytest.approx(log_loss(test_y, shares), rel=1e-4)
    neighbours = KNeighborsClassifier(5).fit(x, y).predict(test_x)
    of_neighbours = found["5 nearest neighbours"]
    assert of_neighbours["test/acc"] == pytest.approx(accuracy_score(test_y, neighbours))
    assert "test/loss" not in of_neighbours


def test_the_trivial_baseline_of_classes_is_the_shares_of_the_training_part():
    splits = Digits(batch_size=64).splits
    found = by_name(Digits(batch_size=64))["most frequent class"]
    labels, test_labels = arrays(splits.train)[1], arrays(splits.test)[1]
    shares = np.bincount(labels) / len(labels)
    assert found.is_trivial
    assert found.train_samples == 1437
    assert found.metrics["test/acc"] == pytest.approx((test_labels == shares.argmax()).mean())
    assert found.metrics["test/loss"] == pytest.approx(-np.log(shares[test_labels]).mean())


def test_the_same_data_has_the_same_baselines():
    first, second = (
        [(one.name, one.metrics) for one in baselines_of(Blobs(batch_size=32).splits)]
        for _ in range(2)
    )
    assert first == second


def test_augmentation_and_mixup_do_not_change_the_baselines():
    plain = by_name(Digits(batch_size=64))["logistic regression"].metrics
    changed = Digits(batch_size=64, translate=2, mixup=0.2, seed=7)
    assert by_name(changed)["logistic regression"].metrics == plain


def test_numbers_have_the_mean_and_a_ridge_regression():
    splits = Line(batch_size=8).splits
    found = {one.name: one.metrics for one in baselines_of(splits)}
    (x, y), (test_x, test_y) = arrays(splits.train), arrays(splits.test)
    std = splits.spec.target_std
    of_mean = found["mean of the training targets"]
    expected = np.sqrt(np.square(test_y - y.mean()).mean()) * std
    assert of_mean["test/rmse"] == pytest.approx(expected)
    errors = [
        np.sqrt(np.square(Ridge(s).fit(x, y[:, 0]).predict(test_x) - test_y[:, 0]).mean()) * std
        for s in np.logspace(-3, 3, 13)
    ]
    assert min(errors) * 0.999 <= found["ridge regression"]["test/rmse"] <= max(errors) * 1.001


class Tokens(DataModule):
    """Text of four tokens; three bytes to a token."""

    kind = "text"

    def load(self):
        spec = Spec("text", (4,), 4, bytes_per_token={"train": 3.0, "val": 3.0, "test": 3.0})
        train = [[0, 1, 0, 1, 2]] * 50
        return DataSplits(
            spec, *(Rows(torch.tensor(rows)) for rows in (train, train[:5], train[:9]))
        )


class Rows:
    def __init__(self, tokens):
        self.tokens = tokens

    def __len__(self):
        return len(self.tokens)

    def __getitem__(self, batch):
        rows = self.tokens[batch.index]
        return rows[:, :-1], rows[:, 1:]


def test_text_has_the_losses_of_tokens_and_of_pairs_by_hand():
    found = {one.name: one.metrics for one in baselines_of(Tokens(batch_size=2).splits)}
    # Targets of a row: 1 0 1 2. Each token counts once more: 50, 100, 50, 0 of 200 become
    # 51, 101, 51, 1 of 204.
    unigram = -(2 * log(101 / 204) + log(51 / 204) + log(51 / 204)) / 4
    assert found["unigram"]["test/loss"] == pytest.approx(unigram)
    assert found["unigram"]["test/bpb"] == pytest.approx(unigram / log(2) / 3)
    # After 0 comes 1, 100 times of 100; after 1 comes 0, 50 times, and 2, 50 times, of 100.
    shares = [
        (100 + 0.1 * 101 / 204) / 100.1,
        (50 + 0.1 * 51 / 204) / 100.1,
        (50 + 0.1 * 51 / 204) / 100.1,
    ]
    bigram = -(2 * log(shares[0]) + log(shares[1]) + log(shares[2])) / 4
    assert found["bigram"]["test/loss"] == pytest.approx(bigram)


def test_the_compressor_needs_nothing_for_what_it_has_read_and_all_for_noise():
    random = np.random.default_rng(0)
    known, noise = random.integers(256, size=(2, 4000))
    of_known, of_noise = compressed_bits(known, [known, noise], 256)
    assert of_known / 4000 < 0.25
    assert of_noise / 4000 == pytest.approx(8, rel=0.02)


def test_large_images_are_averaged_to_small_ones():
    inputs = torch.arange(64.0 * 96).view(1, 1, 64, 96)
    assert flat(inputs).shape == (1, 32 * 32)
    assert flat(inputs)[0, 0] == inputs[0, 0, :2, :3].mean()


def test_of_a_large_part_a_draw_is_taken_that_is_always_the_same():
    places = chosen(10 * MOST_SAMPLES, MOST_SAMPLES)
    assert len(set(places.tolist())) == MOST_SAMPLES <= MOST_NUMBERS
    assert places.max() > 9 * MOST_SAMPLES
    np.testing.assert_array_equal(places, chosen(10 * MOST_SAMPLES, MOST_SAMPLES))
