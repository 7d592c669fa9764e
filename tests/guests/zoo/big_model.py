"""A causal language model whose layers are made in `configure_model`."""

import pytorch_lightning as pl
import torch
import torch.nn as nn
import torch.nn.functional as F
from torch.utils.data import DataLoader, Dataset


class Block(nn.Module):
    def __init__(self, dim: int, heads: int, dropout: float):
        super().__init__()
        self.heads = heads
        self.norm1, self.norm2 = nn.RMSNorm(dim), nn.RMSNorm(dim)
        self.qkv = nn.Linear(dim, 3 * dim, bias=False)
        self.proj = nn.Linear(dim, dim, bias=False)
        self.mlp = nn.Sequential(
            nn.Linear(dim, 4 * dim), nn.GELU(), nn.Linear(4 * dim, dim), nn.Dropout(dropout)
        )

    def forward(self, x):
        B, T, C = x.shape
        qkv = self.qkv(self.norm1(x)).view(B, T, 3, self.heads, C // self.heads)
        q, k, v = qkv.permute(2, 0, 3, 1, 4)
        y = F.scaled_dot_product_attention(q, k, v, is_causal=True)
        x = x + self.proj(y.transpose(1, 2).reshape(B, T, C))
        return x + self.mlp(self.norm2(x))


class GPT(nn.Module):
    def __init__(self, vocab_size: int, block_size: int, dim: int, depth: int, heads: int, dropout):
        super().__init__()
        self.wte = nn.Embedding(vocab_size, dim)
        self.wpe = nn.Embedding(block_size, dim)
        self.blocks = nn.Sequential(*(Block(dim, heads, dropout) for _ in range(depth)))
        self.norm = nn.RMSNorm(dim)
        self.lm_head = nn.Linear(dim, vocab_size, bias=False)
        self.lm_head.weight = self.wte.weight  # tied
        nn.init.normal_(self.wte.weight, std=0.1)
        nn.init.normal_(self.wpe.weight, std=0.02)

    def forward(self, idx):
        x = self.wte(idx) + self.wpe(torch.arange(idx.shape[1], device=idx.device))
        return self.lm_head(self.norm(self.blocks(x)))


class LitGPT(pl.LightningModule):
    def __init__(
        self, vocab_size=20, block_size=16, dim=32, depth=2, heads=4, dropout=0.1, lr=5e-3
    ):
        super().__init__()
        self.save_hyperparameters()
        self.model = None

    def setup(self, stage: str):
        if stage == "fit":
            self.total_steps = int(self.trainer.estimated_stepping_batches)
            self.warmup_steps = max(1, self.total_steps // 10)
            self.epochs = self.trainer.max_epochs

    def configure_model(self):
        # Called by each of fit, validate, test and predict.
        if self.model is not None:
            return
        hp = self.hparams
        self.model = GPT(hp.vocab_size, hp.block_size, hp.dim, hp.depth, hp.heads, hp.dropout)

    def forward(self, idx):
        return self.model(idx)

    def step(self, batch):
        logits = self(batch[:, :-1])
        return F.cross_entropy(logits.flatten(0, 1), batch[:, 1:].flatten())

    def training_step(self, batch, batch_idx):
        loss = self.step(batch)
        self.log("train_loss", loss, prog_bar=True)
        self.log("progress", self.global_step / self.total_steps)
        return loss

    def validation_step(self, batch, batch_idx):
        loss = self.step(batch)
        self.log_dict({"val_loss": loss, "val_ppl": loss.exp()}, prog_bar=True)

    def test_step(self, batch, batch_idx):
        self.log("test_loss", self.step(batch))

    def configure_optimizers(self):
        optimizer = torch.optim.AdamW(self.parameters(), lr=self.hparams.lr, betas=(0.9, 0.95))
        warmup = torch.optim.lr_scheduler.LinearLR(optimizer, 0.1, total_iters=self.warmup_steps)
        cosine = torch.optim.lr_scheduler.CosineAnnealingLR(
            optimizer, T_max=self.total_steps - self.warmup_steps
        )
        scheduler = torch.optim.lr_scheduler.SequentialLR(
            optimizer, [warmup, cosine], milestones=[self.warmup_steps]
        )
        return {
            "optimizer": optimizer,
            "lr_scheduler": {"scheduler": scheduler, "interval": "step"},
        }


class MarkovText(Dataset):
    """Windows of a long text in which each token has few successors."""

    def __init__(self, length: int, block_size: int, vocab_size: int, seed: int):
        language = torch.Generator().manual_seed(0)
        table = torch.randint(vocab_size, (vocab_size, 3), generator=language)
        writer = torch.Generator().manual_seed(seed)
        choices = torch.randint(3, (length,), generator=writer).tolist()
        token, tokens = 0, []
        for choice in choices:
            token = int(table[token, choice])
            tokens.append(token)
        self.windows = torch.tensor(tokens).unfold(0, block_size + 1, block_size // 2)

    def __len__(self):
        return len(self.windows)

    def __getitem__(self, idx):
        return self.windows[idx]


class TextDataModule(pl.LightningDataModule):
    def __init__(self, length: int = 12000, block_size=16, vocab_size=20, batch_size=32):
        super().__init__()
        self.batch_size = batch_size
        self.train = MarkovText(length, block_size, vocab_size, seed=1)
        self.val = MarkovText(length // 5, block_size, vocab_size, seed=2)

    def train_dataloader(self):
        return DataLoader(self.train, self.batch_size, shuffle=True)

    def val_dataloader(self):
        return DataLoader(self.val, self.batch_size)

    def test_dataloader(self):
        return self.val_dataloader()
