"""Text from a language model."""

import torch
from jaxtyping import Int
from torch import Tensor, nn


@torch.no_grad()
def generate(
    net: nn.Module,
    prompt: Int[Tensor, "batch time"],
    *,
    num_tokens: int,
    context: int,
    temperature: float = 1.0,
    generator: torch.Generator | None = None,
) -> Int[Tensor, "batch longer_time"]:
    """Continues `prompt` by sampling from the model's next-token distribution.

    Args:
        net: Maps tokens (batch, time) to logits (batch, time, vocabulary).
        prompt: At least one token a row.
        num_tokens: Tokens to add.
        context: Tokens the model can see; older ones fall out of its sight.
        temperature: Divides the logits; 0 takes the likeliest token.
        generator: Source of the draws, on the CPU; the global one by default.
    """
    was_training = net.training
    net.eval()
    tokens = prompt
    for _ in range(num_tokens):
        logits = net(tokens[:, -context:])[:, -1].float()
        if temperature == 0:
            following = logits.argmax(dim=-1, keepdim=True)
        else:
            shares = (logits / temperature).softmax(dim=-1).cpu()
            following = torch.multinomial(shares, 1, generator=generator).to(tokens.device)
        tokens = torch.cat([tokens, following], dim=1)
    net.train(was_training)
    return tokens
