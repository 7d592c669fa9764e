"""Sequence classification with a small transformer of the Hugging Face kind."""

from dataclasses import dataclass

import pytorch_lightning as pl
import torch
from torch import nn
from torch.nn.utils.rnn import pad_sequence
from torch.optim import AdamW
from torch.optim.lr_scheduler import LambdaLR
from torch.utils.data import DataLoader, Dataset


@dataclass
class SequenceClassifierOutput:
    loss: torch.Tensor | None = None
    logits: torch.Tensor | None = None


class TinyTransformerForSequenceClassification(nn.Module):
    def __init__(self, vocab_size=50, d_model=32, nhead=4, num_layers=2, num_labels=2, max_len=24):
        super().__init__()
        self.num_labels = num_labels
        self.word_embeddings = nn.Embedding(vocab_size, d_model, padding_idx=0)
        self.position_embeddings = nn.Embedding(max_len, d_model)
        layer = nn.TransformerEncoderLayer(
            d_model, nhead, dim_feedforward=2 * d_model, dropout=0.1, batch_first=True
        )
        self.encoder = nn.TransformerEncoder(layer, num_layers, enable_nested_tensor=False)
        self.classifier = nn.Linear(d_model, num_labels)

    def forward(self, input_ids, attention_mask=None, labels=None):
        if attention_mask is None:
            attention_mask = torch.ones_like(input_ids)
        positions = torch.arange(input_ids.shape[1], device=input_ids.device)
        h = self.word_embeddings(input_ids) + self.position_embeddings(positions)
        h = self.encoder(h, src_key_padding_mask=attention_mask == 0)
        mask = attention_mask.unsqueeze(-1).to(h.dtype)
        logits = self.classifier((h * mask).sum(1) / mask.sum(1))
        loss = None
        if labels is not None:
            loss = nn.functional.cross_entropy(logits, labels)
        return SequenceClassifierOutput(loss=loss, logits=logits)


def get_linear_schedule_with_warmup(optimizer, num_warmup_steps, num_training_steps):
    def lr_lambda(step):
        if step < num_warmup_steps:
            return step / max(1, num_warmup_steps)
        rest = num_training_steps - step
        return max(0.0, rest / max(1, num_training_steps - num_warmup_steps))

    return LambdaLR(optimizer, lr_lambda)


class TextTransformer(pl.LightningModule):
    def __init__(
        self,
        model: nn.Module,
        learning_rate: float = 2e-3,
        adam_epsilon: float = 1e-8,
        warmup_ratio: float = 0.1,
        weight_decay: float = 0.01,
    ):
        super().__init__()
        self.save_hyperparameters(ignore="model")
        self.model = model
        self.validation_outputs = []

    def forward(self, **inputs):
        return self.model(**inputs)

    def training_step(self, batch, batch_idx):
        outputs = self(**batch)
        self.log("train_loss", outputs.loss, prog_bar=True)
        return outputs.loss

    def validation_step(self, batch, batch_idx):
        outputs = self(**batch)
        self.log("val_loss", outputs.loss, prog_bar=True)
        preds = outputs.logits.argmax(dim=1)
        self.validation_outputs.append({"preds": preds, "labels": batch["labels"]})
        return {"loss": outputs.loss, "preds": preds}

    def on_validation_epoch_end(self):
        preds = torch.cat([x["preds"] for x in self.validation_outputs])
        labels = torch.cat([x["labels"] for x in self.validation_outputs])
        self.log("accuracy", (preds == labels).float().mean(), prog_bar=True)
        self.validation_outputs.clear()

    def configure_optimizers(self):
        """AdamW without weight decay for biases and norms, linear warm-up and decay."""
        no_decay = ["bias", "norm1.weight", "norm2.weight"]
        named = list(self.model.named_parameters())
        groups = [
            {
                "params": [p for n, p in named if not any(nd in n for nd in no_decay)],
                "weight_decay": self.hparams.weight_decay,
            },
            {
                "params": [p for n, p in named if any(nd in n for nd in no_decay)],
                "weight_decay": 0.0,
            },
        ]
        optimizer = AdamW(groups, lr=self.hparams.learning_rate, eps=self.hparams.adam_epsilon)
        total_steps = self.trainer.estimated_stepping_batches
        scheduler = get_linear_schedule_with_warmup(
            optimizer, int(self.hparams.warmup_ratio * total_steps), total_steps
        )
        return [optimizer], [{"scheduler": scheduler, "interval": "step", "frequency": 1}]


class Sentences(Dataset):
    """Random word ids; the label says whether words of the first half prevail."""

    def __init__(self, n, vocab_size, max_len, seed):
        g = torch.Generator().manual_seed(seed)
        self.rows = []
        for _ in range(n):
            length = int(torch.randint(6, max_len + 1, (1,), generator=g))
            share = torch.rand(1, generator=g)
            low = torch.rand(length, generator=g) < share
            ids = torch.randint(1, vocab_size // 2, (length,), generator=g)
            ids = torch.where(low, ids, ids + vocab_size // 2)
            self.rows.append({"input_ids": ids, "labels": int(low.float().mean() > 0.5)})

    def __len__(self):
        return len(self.rows)

    def __getitem__(self, i):
        return self.rows[i]


class DataCollatorWithPadding:
    def __call__(self, features):
        ids = [f["input_ids"] for f in features]
        return {
            "input_ids": pad_sequence(ids, batch_first=True, padding_value=0),
            "attention_mask": pad_sequence([torch.ones_like(i) for i in ids], batch_first=True),
            "labels": torch.tensor([f["labels"] for f in features]),
        }


class SentencesDataModule(pl.LightningDataModule):
    def __init__(
        self,
        vocab_size: int = 50,
        max_seq_length: int = 24,
        train_batch_size: int = 32,
        eval_batch_size: int = 64,
    ):
        super().__init__()
        self.vocab_size = vocab_size
        self.max_seq_length = max_seq_length
        self.train_batch_size = train_batch_size
        self.eval_batch_size = eval_batch_size
        self.collator = DataCollatorWithPadding()

    def setup(self, stage: str):
        sizes = {"train": 1024, "validation": 256}
        self.dataset = {
            split: Sentences(n, self.vocab_size, self.max_seq_length, seed)
            for seed, (split, n) in enumerate(sizes.items())
        }

    def train_dataloader(self):
        return DataLoader(
            self.dataset["train"],
            batch_size=self.train_batch_size,
            shuffle=True,
            collate_fn=self.collator,
        )

    def val_dataloader(self):
        return DataLoader(
            self.dataset["validation"],
            batch_size=self.eval_batch_size,
            collate_fn=self.collator,
        )
