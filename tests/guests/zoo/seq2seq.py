"""A GRU encoder and decoder with attention that learns to reverse sequences."""

import random

import pytorch_lightning as pl
import torch
import torch.nn as nn
import torch.nn.functional as F
from torch.nn.utils.rnn import pack_padded_sequence, pad_packed_sequence, pad_sequence
from torch.utils.data import DataLoader, Dataset

PAD, SOS, EOS = 0, 1, 2


class Encoder(nn.Module):
    def __init__(self, vocab_size, emb_dim, hid_dim):
        super().__init__()
        self.embedding = nn.Embedding(vocab_size, emb_dim, padding_idx=PAD)
        self.rnn = nn.GRU(emb_dim, hid_dim, batch_first=True, bidirectional=True)
        self.fc = nn.Linear(2 * hid_dim, hid_dim)

    def forward(self, src, src_len):
        packed = pack_padded_sequence(
            self.embedding(src), src_len.cpu(), batch_first=True, enforce_sorted=False
        )
        packed_outputs, hidden = self.rnn(packed)
        outputs, _ = pad_packed_sequence(packed_outputs, batch_first=True)
        return self.fc(outputs), torch.tanh(self.fc(torch.cat([hidden[0], hidden[1]], dim=1)))


class Decoder(nn.Module):
    def __init__(self, vocab_size, emb_dim, hid_dim):
        super().__init__()
        self.embedding = nn.Embedding(vocab_size, emb_dim, padding_idx=PAD)
        self.rnn = nn.GRUCell(emb_dim + hid_dim, hid_dim)
        self.out = nn.Linear(2 * hid_dim, vocab_size)

    def forward(self, token, hidden, memory, mask):
        scores = torch.bmm(memory, hidden.unsqueeze(2)).squeeze(2)
        attention = scores.masked_fill(~mask, float("-inf")).softmax(dim=1)
        context = torch.bmm(attention.unsqueeze(1), memory).squeeze(1)
        hidden = self.rnn(torch.cat([self.embedding(token), context], dim=1), hidden)
        return self.out(torch.cat([hidden, context], dim=1)), hidden


class Seq2Seq(pl.LightningModule):
    def __init__(self, vocab_size=12, emb_dim=32, hid_dim=48, teacher_forcing=0.7, lr=8e-3):
        super().__init__()
        self.save_hyperparameters()
        self.encoder = Encoder(vocab_size, emb_dim, hid_dim)
        self.decoder = Decoder(vocab_size, emb_dim, hid_dim)

    def forward(self, src, src_len, trg, teacher_forcing_ratio=0.5):
        memory, hidden = self.encoder(src, src_len)
        token, outputs = trg[:, 0], []
        for t in range(1, trg.shape[1]):
            output, hidden = self.decoder(token, hidden, memory, src != PAD)
            outputs.append(output)
            teacher_force = random.random() < teacher_forcing_ratio
            token = trg[:, t] if teacher_force else output.argmax(1)
        return torch.stack(outputs, dim=1)

    def loss(self, outputs, trg):
        return F.cross_entropy(outputs.flatten(0, 1), trg[:, 1:].flatten(), ignore_index=PAD)

    def training_step(self, batch, batch_idx):
        src, src_len, trg = batch
        outputs = self(src, src_len, trg, self.hparams.teacher_forcing)
        loss = self.loss(outputs, trg)
        self.log("train_loss", loss, prog_bar=True)
        return loss

    def validation_step(self, batch, batch_idx):
        src, src_len, trg = batch
        outputs = self(src, src_len, trg, 0)  # turn off teacher forcing
        real = trg[:, 1:] != PAD
        accuracy = (outputs.argmax(-1) == trg[:, 1:])[real].float().mean()
        self.log("val_loss", self.loss(outputs, trg), prog_bar=True)
        self.log("val_token_acc", accuracy, prog_bar=True)

    def on_before_optimizer_step(self, optimizer):
        nn.utils.clip_grad_norm_(self.parameters(), 1.0)

    def configure_optimizers(self):
        return torch.optim.Adam(self.parameters(), lr=self.hparams.lr)


class Reversal(Dataset):
    def __init__(self, n, vocab_size, seed):
        rng = random.Random(seed)
        self.pairs = []
        for _ in range(n):
            words = [rng.randrange(3, vocab_size) for _ in range(rng.randint(2, 5))]
            self.pairs.append(([*words, EOS], [SOS, *reversed(words), EOS]))

    def __len__(self):
        return len(self.pairs)

    def __getitem__(self, idx):
        return self.pairs[idx]


def collate_fn(batch):
    src, trg = zip(*batch, strict=True)
    src_len = torch.tensor([len(s) for s in src])
    src = pad_sequence([torch.tensor(s) for s in src], batch_first=True, padding_value=PAD)
    trg = pad_sequence([torch.tensor(t) for t in trg], batch_first=True, padding_value=PAD)
    return src, src_len, trg


class ReversalDataModule(pl.LightningDataModule):
    def __init__(self, n_train=1280, n_val=256, vocab_size=12, batch_size=32):
        super().__init__()
        self.batch_size = batch_size
        self.train_data = Reversal(n_train, vocab_size, seed=0)
        self.val_data = Reversal(n_val, vocab_size, seed=1)

    def train_dataloader(self):
        return DataLoader(self.train_data, self.batch_size, shuffle=True, collate_fn=collate_fn)

    def val_dataloader(self):
        return DataLoader(self.val_data, self.batch_size, collate_fn=collate_fn)
