"""How many parameters a network has."""

from dataclasses import asdict, dataclass

from torch import nn


@dataclass(frozen=True)
class ParameterCount:
    """Parameters of a network; those of embeddings are left out of `non_embedding`."""

    total: int
    trainable: int
    non_embedding: int

    def as_dict(self) -> dict[str, int]:
        return asdict(self)


def count_parameters(net: nn.Module) -> ParameterCount:
    """Counts every parameter once, tied ones too."""
    embedding = {
        id(parameter): parameter.numel()
        for module in net.modules()
        if isinstance(module, nn.Embedding)
        for parameter in module.parameters()
    }
    total = sum(p.numel() for p in net.parameters())
    trainable = sum(p.numel() for p in net.parameters() if p.requires_grad)
    return ParameterCount(total, trainable, total - sum(embedding.values()))
