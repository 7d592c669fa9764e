"""Knowledge distillation from a frozen teacher."""

import pytorch_lightning as pl
import torch
import torch.nn.functional as F
from torch import nn
from torch.utils.data import DataLoader, Dataset


def mlp(widths, dropout: float = 0.0) -> nn.Sequential:
    layers = []
    for i in range(len(widths) - 1):
        layers.append(nn.Linear(widths[i], widths[i + 1]))
        if i < len(widths) - 2:
            layers += [nn.BatchNorm1d(widths[i + 1]), nn.ReLU(), nn.Dropout(dropout)]
    return nn.Sequential(*layers)


class Teacher(nn.Module):
    """A wide net with fixed weights, as if loaded from a file."""

    def __init__(self, widths, seed: int = 0):
        super().__init__()
        self.net = mlp(widths, dropout=0.2)
        g = torch.Generator().manual_seed(seed)
        for layer in self.net:
            if isinstance(layer, nn.Linear):
                nn.init.normal_(layer.weight, std=2.5 / layer.in_features**0.5, generator=g)
                nn.init.zeros_(layer.bias)

    def forward(self, x):
        return self.net(x)


class Distiller(pl.LightningModule):
    def __init__(
        self, teacher: nn.Module, student: nn.Module, optimizer, temperature=2.0, alpha=0.7
    ):
        super().__init__()
        self.save_hyperparameters(ignore=["teacher", "student"], logger=False)
        self.teacher = teacher.eval().requires_grad_(False)
        self.student = student

    def train(self, mode: bool = True):
        super().train(mode)
        self.teacher.eval()
        return self

    def forward(self, x):
        return self.student(x)

    def distillation_loss(self, student_logits, teacher_logits):
        t = self.hparams.temperature
        soft_student = F.log_softmax(student_logits / t, dim=-1)
        soft_teacher = F.log_softmax(teacher_logits / t, dim=-1)
        return t**2 * F.kl_div(soft_student, soft_teacher, reduction="batchmean", log_target=True)

    def training_step(self, batch, batch_idx):
        x, y = batch["input"], batch["target"]
        with torch.no_grad():
            teacher_logits = self.teacher(x)
        logits = self.student(x)
        kd = self.distillation_loss(logits, teacher_logits)
        ce = F.cross_entropy(logits, y)
        loss = self.hparams.alpha * kd + (1 - self.hparams.alpha) * ce
        self.log("train/loss", loss, prog_bar=True)
        self.log_dict({"train/kd": kd, "train/ce": ce})
        return loss

    def validation_step(self, batch, batch_idx):
        x, y = batch["input"], batch["target"]
        logits, teacher_logits = self.student(x), self.teacher(x)
        agreement = (logits.argmax(1) == teacher_logits.argmax(1)).float().mean()
        self.log("val/loss", self.distillation_loss(logits, teacher_logits), prog_bar=True)
        self.log("val/acc", (logits.argmax(1) == y).float().mean(), prog_bar=True)
        self.log("val/agreement", agreement)

    def configure_optimizers(self):
        return self.hparams.optimizer(self.student.parameters())


class TeacherLabelled(Dataset):
    """Random inputs with the teacher's classes, some of them wrong."""

    def __init__(self, teacher: nn.Module, n: int, seed: int, flip: float = 0.1):
        g = torch.Generator().manual_seed(seed)
        self.inputs = torch.randn(n, 10, generator=g)
        with torch.no_grad():
            labels = teacher.eval()(self.inputs).argmax(1)
        wrong = torch.rand(n, generator=g) < flip
        self.targets = torch.where(wrong, torch.randint(4, (n,), generator=g), labels)

    def __len__(self):
        return len(self.inputs)

    def __getitem__(self, i):
        return {"input": self.inputs[i], "target": self.targets[i]}


class DistillDataModule(pl.LightningDataModule):
    def __init__(self, teacher: nn.Module, train_size=2048, val_size=512, batch_size=32):
        super().__init__()
        self.teacher = teacher
        self.train_size = train_size
        self.val_size = val_size
        self.batch_size = batch_size

    def setup(self, stage=None):
        self.train_ds = TeacherLabelled(self.teacher, self.train_size, seed=1)
        self.val_ds = TeacherLabelled(self.teacher, self.val_size, seed=2)

    def train_dataloader(self):
        return DataLoader(self.train_ds, batch_size=self.batch_size, shuffle=True)

    def val_dataloader(self):
        return DataLoader(self.val_ds, batch_size=self.batch_size)
