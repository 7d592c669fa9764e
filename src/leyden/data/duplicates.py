"""Rows that are trained on and tested: what is tested is then remembered."""

import numpy as np
import pandas as pd
from torch import Tensor

from leyden.data.report import DataReport
from leyden.data.splitting import Rows

LEAST_SHARE_SAID = 0.01
"""Of the test rows."""

ROOM = 100
"""Times as many different rows as there are must be possible, or they are alike by chance."""


def say_duplicates(
    features: Tensor, targets: Tensor, parts: list[Rows], report: DataReport
) -> None:
    """Warns of test rows that are in the training part too.

    Args:
        features: Of all rows.
        targets: Likewise.
        parts: Rows to train, validate and test on.
        report: It is told.
    """
    frame = pd.DataFrame(features.numpy())
    if np.log(frame.nunique()).sum() < np.log(ROOM * len(frame)):
        return
    frame["target"] = targets.flatten().numpy()
    hashes = pd.util.hash_pandas_object(frame, index=False).to_numpy()
    share = float(np.isin(hashes[parts[2].numpy()], hashes[parts[0].numpy()]).mean())
    if share >= LEAST_SHARE_SAID:
        report.warnings.append(
            f"{share:.0%} of the test rows are in the training part too, with the same target; if"
            " a thing has several rows, data.split.by keeps them in one part"
        )
