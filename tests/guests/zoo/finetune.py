"""Fine-tuning: a pretrained backbone is frozen first, then trained with smaller learning rates."""

import pytorch_lightning as pl
import torch
import torch.nn.functional as F
from pytorch_lightning.callbacks import BaseFinetuning
from torch import nn
from torch.utils.data import DataLoader, TensorDataset


class Backbone(nn.Sequential):
    """Three layers; "pretrained" gives it weights that do not depend on the seed of the run."""

    def __init__(self, in_features: int = 16, width: int = 48, pretrained: bool = True):
        super().__init__(
            nn.Sequential(nn.Linear(in_features, width), nn.BatchNorm1d(width), nn.ReLU()),
            nn.Sequential(nn.Linear(width, width), nn.BatchNorm1d(width), nn.ReLU()),
            nn.Sequential(nn.Linear(width, width), nn.BatchNorm1d(width), nn.ReLU()),
        )
        self.out_features = width
        if pretrained:
            self.load_state_dict(self.pretrained_weights())

    def pretrained_weights(self):
        g = torch.Generator().manual_seed(2718)
        weights = self.state_dict()
        for name, value in weights.items():
            noise = torch.randn(value.shape, generator=g)
            if value.dim() == 2:
                weights[name] = noise / value.shape[1] ** 0.5
            elif name.endswith(("weight", "bias")):
                weights[name] = 0.1 * noise + (1.0 if name.endswith("1.weight") else 0.0)
        return weights


class LayerwiseFinetuning(BaseFinetuning):
    """Unfreezes all layers of `pl_module.backbone` at one epoch, the lower the slower."""

    def __init__(self, unfreeze_at_epoch: int = 1, lr_decay: float = 0.5, train_bn: bool = True):
        super().__init__()
        self.unfreeze_at_epoch = unfreeze_at_epoch
        self.lr_decay = lr_decay
        self.train_bn = train_bn

    def freeze_before_training(self, pl_module):
        self.freeze(pl_module.backbone, train_bn=False)

    def finetune_function(self, pl_module, epoch, optimizer):
        if epoch != self.unfreeze_at_epoch:
            return
        lr = optimizer.param_groups[0]["lr"]
        for layer in reversed(pl_module.backbone):
            lr *= self.lr_decay
            self.unfreeze_and_add_param_group(
                layer, optimizer, lr=lr, initial_denom_lr=1.0, train_bn=self.train_bn
            )


class TransferLearningModel(pl.LightningModule):
    def __init__(self, backbone: Backbone, num_classes: int = 5, lr: float = 1e-2):
        super().__init__()
        self.save_hyperparameters("num_classes", "lr")
        self.backbone = backbone
        self.fc = nn.Linear(backbone.out_features, num_classes)

    def forward(self, x):
        return self.fc(self.backbone(x))

    def training_step(self, batch, batch_idx):
        x, y = batch
        loss = F.cross_entropy(self(x), y)
        self.log("train_loss", loss, prog_bar=True)
        return loss

    def validation_step(self, batch, batch_idx):
        x, y = batch
        logits = self(x)
        self.log("val_loss", F.cross_entropy(logits, y), prog_bar=True)
        self.log("val_acc", (logits.argmax(1) == y).float().mean(), prog_bar=True)

    def on_train_epoch_end(self):
        trainable = sum(p.numel() for p in self.parameters() if p.requires_grad)
        self.log("trainable_params", float(trainable))
        self.log("param_groups", float(len(self.optimizers().param_groups)))

    def configure_optimizers(self):
        parameters = list(filter(lambda p: p.requires_grad, self.parameters()))
        return torch.optim.Adam(parameters, lr=self.hparams.lr)


class Blobs(pl.LightningDataModule):
    def __init__(self, n: int = 1600, spread: float = 0.9, batch_size: int = 32):
        super().__init__()
        self.save_hyperparameters()

    def setup(self, stage=None):
        g = torch.Generator().manual_seed(4)
        n = self.hparams.n
        # Three blobs to each class.
        centres = torch.randn(15, 16, generator=g)
        blob = torch.randint(15, (n + n // 4,), generator=g)
        x = centres[blob] + self.hparams.spread * torch.randn(len(blob), 16, generator=g)
        self.train = TensorDataset(x[:n], blob[:n] % 5)
        self.val = TensorDataset(x[n:], blob[n:] % 5)

    def train_dataloader(self):
        return DataLoader(self.train, self.hparams.batch_size, shuffle=True)

    def val_dataloader(self):
        return DataLoader(self.val, self.hparams.batch_size)
