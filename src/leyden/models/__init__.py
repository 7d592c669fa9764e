"""Networks: pure `nn.Module`s with plain keyword arguments.

Every family has the size knobs `width` and `depth`, names its readout `head`, and says in `kinds`
which kinds of data it reads. Images come with `input_shape` and `num_outputs`, text with
`vocab_size` and `context`.
"""

from leyden.models.gpt import GPT
from leyden.models.mlp import MLP

__all__ = ["GPT", "MLP"]
