"""How well an attacker who knows the losses tells training samples from others.

The attack says of a sample with a small loss that it was trained on (Yeom et al. 2018). It is a
sanity check: a stronger attack may tell more, but no attack tells more than epsilon allows.
"""

import math
from dataclasses import asdict, dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.stats import ks_2samp, rankdata

Z = 1.959963984540054
"""Quantile of the normal distribution at 0.975."""


@dataclass(frozen=True)
class Membership:
    """What the attack by a threshold on the loss reaches.

    Attributes:
        auc: Chance that a training sample has a smaller loss than another one; 0.5 tells nothing.
        low: Lower end of its 95 % interval over the samples (DeLong et al. 1988).
        high: Upper end.
        advantage: Largest difference of the shares of right and wrong accusations over thresholds.
        samples: Number of training samples and of others.
    """

    auc: float
    low: float
    high: float
    advantage: float
    samples: tuple[int, int]

    def as_plain(self) -> dict[str, object]:
        """As plain values."""
        return asdict(self)


def membership(trained: NDArray[np.float64], others: NDArray[np.float64]) -> Membership:
    """What the attack reaches on the losses of samples.

    Args:
        trained: Losses of training samples.
        others: Losses of samples that were not trained on.
    """
    counts = len(trained), len(others)
    ranks = rankdata(np.concatenate([-trained, -others]))
    # Share of the other part with a worse score, of each sample: DeLong's structural components.
    beaten = (ranks[: counts[0]] - rankdata(-trained)) / counts[1]
    beating = 1 - (ranks[counts[0] :] - rankdata(-others)) / counts[0]
    auc = float(beaten.mean())
    half = Z * math.sqrt(beaten.var(ddof=1) / counts[0] + beating.var(ddof=1) / counts[1])
    advantage = float(ks_2samp(trained, others, alternative="greater", method="asymp").statistic)
    return Membership(auc, max(0.0, auc - half), min(1.0, auc + half), advantage, counts)


def advantage_bound(epsilon: float, delta: float) -> float:
    """Largest advantage of any attack on a mechanism with epsilon and delta.

    From the region of tests that they allow (Kairouz et al. 2015, theorem 2.1).
    """
    return (math.expm1(epsilon) + 2 * delta) / (math.exp(epsilon) + 1) if epsilon < 700 else 1.0
