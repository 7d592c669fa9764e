"""The network that both sides of `image_epoch` train: 784-64-128-64-10."""

from torch import Tensor, nn


class Dense(nn.Module):
    def __init__(
        self, *, input_shape: tuple[int, ...] = (1, 28, 28), num_outputs: int = 10
    ) -> None:
        super().__init__()
        self.layers = nn.Sequential(
            nn.Flatten(),
            nn.Linear(784, 64),
            nn.ReLU(),
            nn.Linear(64, 128),
            nn.ReLU(),
            nn.Linear(128, 64),
            nn.ReLU(),
            nn.Linear(64, num_outputs),
        )

    def forward(self, x: Tensor) -> Tensor:
        return self.layers(x)
