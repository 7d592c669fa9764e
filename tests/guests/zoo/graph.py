"""Classification of whole graphs by message passing, on batches that are one big graph."""

from itertools import pairwise

import pytorch_lightning as pl
import torch
import torch.nn.functional as F
from torch import nn
from torch.utils.data import DataLoader


class GraphBatch:
    """Several graphs as one: `batch` holds the graph of each node."""

    def __init__(self, x, edge_index, batch, y, num_graphs: int):
        self.x = x
        self.edge_index = edge_index
        self.batch = batch
        self.y = y
        self.num_graphs = num_graphs

    def to(self, device, non_blocking: bool = False):
        self.x = self.x.to(device, non_blocking=non_blocking)
        self.edge_index = self.edge_index.to(device, non_blocking=non_blocking)
        self.batch = self.batch.to(device, non_blocking=non_blocking)
        self.y = self.y.to(device, non_blocking=non_blocking)
        return self

    def __repr__(self):
        return f"GraphBatch(nodes={self.x.shape[0]}, graphs={self.num_graphs})"


def collate_graphs(graphs) -> GraphBatch:
    xs, edges, owner, offset = [], [], [], 0
    for i, (x, edge_index, _) in enumerate(graphs):
        xs.append(x)
        edges.append(edge_index + offset)
        owner.append(torch.full((len(x),), i))
        offset += len(x)
    y = torch.tensor([label for *_, label in graphs])
    return GraphBatch(torch.cat(xs), torch.cat(edges, dim=1), torch.cat(owner), y, len(graphs))


class SAGEConv(nn.Module):
    def __init__(self, in_channels: int, out_channels: int):
        super().__init__()
        self.lin_self = nn.Linear(in_channels, out_channels)
        self.lin_neigh = nn.Linear(in_channels, out_channels, bias=False)

    def forward(self, x, edge_index):
        source, target = edge_index
        total = torch.zeros_like(x).index_add_(0, target, x[source])
        degree = torch.bincount(target, minlength=len(x)).clamp(min=1)
        return self.lin_self(x) + self.lin_neigh(total / degree.unsqueeze(1))


def global_mean_pool(x, batch, size: int):
    total = x.new_zeros(size, x.shape[1]).index_add_(0, batch, x)
    return total / torch.bincount(batch, minlength=size).clamp(min=1).unsqueeze(1)


class GraphClassifier(pl.LightningModule):
    def __init__(self, in_channels=4, hidden_channels=32, num_layers=2, num_classes=2, lr=0.01):
        super().__init__()
        self.save_hyperparameters()
        sizes = [in_channels] + num_layers * [hidden_channels]
        self.convs = nn.ModuleList(SAGEConv(a, b) for a, b in pairwise(sizes))
        self.lin = nn.Linear(hidden_channels, num_classes)

    def forward(self, data: GraphBatch):
        x = data.x
        for conv in self.convs:
            x = conv(x, data.edge_index).relu()
        x = global_mean_pool(x, data.batch, data.num_graphs)
        return self.lin(F.dropout(x, p=0.1, training=self.training))

    def _shared_step(self, data, stage: str):
        out = self(data)
        loss = F.cross_entropy(out, data.y)
        acc = (out.argmax(dim=1) == data.y).float().mean()
        metrics = {f"{stage}_loss": loss, f"{stage}_acc": acc}
        # Lightning cannot see how many graphs there are.
        self.log_dict(metrics, prog_bar=True, batch_size=data.num_graphs)
        return loss

    def training_step(self, data, batch_idx):
        return self._shared_step(data, "train")

    def validation_step(self, data, batch_idx):
        self._shared_step(data, "val")

    def test_step(self, data, batch_idx):
        self._shared_step(data, "test")

    def configure_optimizers(self):
        return torch.optim.Adam(self.parameters(), lr=self.hparams.lr, weight_decay=5e-4)


class RandomGraphs(pl.LightningDataModule):
    """Graphs whose neighbours are alike (label 1) or not (label 0)."""

    def __init__(self, num_train=600, num_val=100, num_test=100, batch_size=16):
        super().__init__()
        self.save_hyperparameters()

    def make_graph(self, g: torch.Generator):
        n = int(torch.randint(8, 15, (1,), generator=g))
        kind = torch.randint(2, (n,), generator=g)
        label = int(torch.randint(2, (1,), generator=g))
        pairs = torch.combinations(torch.arange(n))
        alike = kind[pairs[:, 0]] == kind[pairs[:, 1]]
        density = torch.where(alike == bool(label), 0.5, 0.15)
        pairs = pairs[torch.rand(len(pairs), generator=g) < density]
        x = F.one_hot(kind, 4).float() + 0.2 * torch.randn(n, 4, generator=g)
        return x, torch.cat([pairs, pairs.flip(1)]).t(), label

    def setup(self, stage=None):
        g = torch.Generator().manual_seed(8)
        self.train = [self.make_graph(g) for _ in range(self.hparams.num_train)]
        self.val = [self.make_graph(g) for _ in range(self.hparams.num_val)]
        self.test = [self.make_graph(g) for _ in range(self.hparams.num_test)]

    def _loader(self, graphs, shuffle=False):
        return DataLoader(
            graphs, self.hparams.batch_size, shuffle=shuffle, collate_fn=collate_graphs
        )

    def train_dataloader(self):
        return self._loader(self.train, shuffle=True)

    def val_dataloader(self):
        return self._loader(self.val)

    def test_dataloader(self):
        return self._loader(self.test)
