"""A network of fully connected layers."""

from torch import nn


class DenseNet(nn.Module):
    def __init__(self, input_size=64, lin1_size=32, lin2_size=16, output_size=10):
        super().__init__()
        self.layers = nn.Sequential(
            nn.Linear(input_size, lin1_size),
            nn.BatchNorm1d(lin1_size),
            nn.ReLU(),
            nn.Linear(lin1_size, lin2_size),
            nn.ReLU(),
            nn.Linear(lin2_size, output_size),
        )

    def forward(self, x):
        return self.layers(x.flatten(1))
