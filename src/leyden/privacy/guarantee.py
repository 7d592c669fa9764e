"""What a private training guarantees, as it is recorded."""

from dataclasses import dataclass
from typing import Any

from leyden.privacy.accounting import (
    ACCOUNTANTS,
    CONVERSIONS,
    Accountant,
    SampledGaussian,
    epsilon_after,
)

COVERS = "the weights, of one training sample more or less"
NOT_COVERED = (
    "what is read from the data before training (scales, vocabulary), what is logged beside the"
    " weights, choices among several runs; whoever knows the seed knows the noise"
)


@dataclass(frozen=True)
class Guarantee:
    """Differential privacy of the weights after some steps.

    Attributes:
        mechanism: What is done in each step.
        delta: Probability with which epsilon may not hold.
        accountant: How epsilon is computed.
        max_grad_norm: Norm to which the gradient of each sample is clipped.
    """

    mechanism: SampledGaussian
    delta: float
    accountant: Accountant
    max_grad_norm: float

    def epsilon(self, steps: int, accountant: Accountant | None = None) -> float:
        """Epsilon after so many steps, by this or another accountant."""
        by = accountant or self.accountant
        return epsilon_after(steps, self.mechanism, delta=self.delta, accountant=by)

    def as_plain(self, steps: int) -> dict[str, Any]:
        """All that an epsilon needs to mean something."""
        return {
            "method": "dp_sgd",
            "epsilon": self.epsilon(steps),
            "delta": self.delta,
            "accountant": self.accountant,
            "conversion": CONVERSIONS[self.accountant],
            "noise_multiplier": self.mechanism.noise_multiplier,
            "max_grad_norm": self.max_grad_norm,
            "sample_rate": self.mechanism.sample_rate,
            "sampling": "poisson",
            "steps": steps,
            "covers": COVERS,
            "not_covered": NOT_COVERED,
        }

    def by_accountants(self, steps: int) -> dict[str, float]:
        """Epsilon by each accountant."""
        return {name: self.epsilon(steps, name) for name in ACCOUNTANTS}
