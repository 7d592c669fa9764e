"""A published law of scaling is found again in the published losses.

Losses: of 245 models of Hoffmann et al. 2022 (arXiv 2203.15556), figure 4, as read from the figure
by Besiroglu et al. 2024 (arXiv 2404.10102), whose table 1 has the law of the 240 without the five
greatest losses: L = 1.8172 + 482.01 N^-0.3478 + 2085.43 D^-0.3658, with standard errors.
"""

import csv
import json
from pathlib import Path

import pytest

LOSSES = Path(__file__).parents[1] / "assets" / "chinchilla_losses.csv"
PUBLISHED = {
    "E": (1.8172, 0.03),
    "A": (482.01, 124.58),
    "alpha": (0.3478, 0.02),
    "B": (2085.43, 1293.23),
    "beta": (0.3658, 0.02),
}


def test_the_published_law_and_its_errors_are_found_again(leyden, tmp_path):
    """The CSV has no column of tokens: they are those of C = 6 N D, as in the source."""
    heading, *rows = csv.reader(LOSSES.read_text().splitlines())
    rows.sort(key=lambda row: float(row[2]))
    with (tmp_path / "losses.csv").open("w", newline="") as file:
        csv.writer(file).writerows([heading, *rows[:-5]])
    result = leyden("scaling", "losses.csv", "--delta", "1e-3", "--budget", "5.76e23", "--json")
    assert result.status == 0, result.err
    found = json.loads(result.out)
    assert "computed as FLOPs / (6 x parameters)" in found["derived"]
    for name, (value, error) in PUBLISHED.items():
        assert found["fit"][name] == pytest.approx(value, abs=error / 8)
        low, high = found["intervals"][name]
        assert low < value < high
        assert 0.5 < (high - low) / 3.92 / error < 1.5
    # Chinchilla's budget; the published law by equation 4 of Hoffmann et al.
    best = found["allocation"]
    assert best["params"] == pytest.approx(7.225e10, rel=0.03)
    assert best["tokens"] == pytest.approx(1.329e12, rel=0.03)


def test_the_published_growth_of_the_optima_is_found_again(leyden):
    """By parabolas, Hoffmann et al. 2022, table 2: N as C^0.49 (0.462 to 0.534), D as C^0.51."""
    result = leyden("scaling", str(LOSSES), "--json")
    growth = json.loads(result.out)["growth"]
    assert growth["params"]["exponent"] == pytest.approx(0.49, abs=0.03)
    assert growth["tokens"]["exponent"] == pytest.approx(0.51, abs=0.03)
