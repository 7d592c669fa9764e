"""Deep Q-learning of a cart on a line, from experience made while the data are read."""

from collections import deque, namedtuple

import numpy as np
import pytorch_lightning as pl
import torch
from torch import nn
from torch.utils.data import DataLoader, IterableDataset

Experience = namedtuple("Experience", ["state", "action", "reward", "done", "new_state"])


class CartOnLine:
    """Push a cart left, right or not at all so that it rests at the origin."""

    observation_size = 2
    n_actions = 3

    def reset(self):
        self.t = 0
        self.state = np.random.uniform(-1.0, 1.0, size=2).astype(np.float32)
        return self.state

    def step(self, action: int):
        self.t += 1
        x, v = self.state
        v = 0.9 * v + 0.2 * (action - 1) + np.random.normal(0.0, 0.01)
        x = np.clip(x + 0.5 * v, -2.0, 2.0)
        self.state = np.array([x, v], dtype=np.float32)
        return self.state, -abs(float(x)), self.t >= 40


class DQN(nn.Module):
    def __init__(self, obs_size: int = 2, n_actions: int = 3, hidden_size: int = 32):
        super().__init__()
        self.net = nn.Sequential(
            nn.Linear(obs_size, hidden_size),
            nn.ReLU(),
            nn.Linear(hidden_size, hidden_size),
            nn.ReLU(),
            nn.Linear(hidden_size, n_actions),
        )

    def forward(self, x):
        return self.net(x)


class RLDataset(IterableDataset):
    """Plays one step of the environment per sample and yields one from the replay buffer."""

    def __init__(self, env, policy, steps: int, warm_start: int, epsilon: float, capacity: int):
        self.env = env
        self.policy = policy
        self.steps = steps
        self.warm_start = warm_start
        self.epsilon = epsilon
        self.capacity = capacity

    @torch.no_grad()
    def act(self, state, epsilon: float) -> int:
        if np.random.random() < epsilon:
            return int(np.random.randint(self.env.n_actions))
        device = next(self.policy.parameters()).device
        return int(self.policy(torch.from_numpy(state).to(device)).argmax())

    def __iter__(self):
        buffer = deque(maxlen=self.capacity)
        state = self.env.reset()
        for i in range(self.warm_start + self.steps):
            action = self.act(state, 1.0 if i < self.warm_start else self.epsilon)
            new_state, reward, done = self.env.step(action)
            buffer.append(Experience(state, action, np.float32(reward), done, new_state))
            state = self.env.reset() if done else new_state
            if i >= self.warm_start:
                yield tuple(buffer[np.random.randint(len(buffer))])


class DQNLightning(pl.LightningModule):
    def __init__(self, lr=3e-3, gamma=0.8, sync_rate=10, hidden_size=32):
        super().__init__()
        self.save_hyperparameters()
        self.net = DQN(hidden_size=hidden_size)
        self.target_net = DQN(hidden_size=hidden_size)
        self.target_net.load_state_dict(self.net.state_dict())

    def forward(self, x):
        return self.net(x)

    def training_step(self, batch, batch_idx):
        states, actions, rewards, dones, next_states = batch
        values = self.net(states).gather(1, actions.long().unsqueeze(-1)).squeeze(-1)
        with torch.no_grad():
            next_values = self.target_net(next_states).max(1)[0]
            next_values[dones] = 0.0
        loss = nn.functional.smooth_l1_loss(values, rewards + self.hparams.gamma * next_values)
        self.log("train_loss", loss, prog_bar=True)
        self.log("reward", rewards.mean(), prog_bar=True, on_step=False, on_epoch=True)
        return loss

    def on_train_batch_end(self, outputs, batch, batch_idx):
        if self.global_step % self.hparams.sync_rate == 0:
            self.target_net.load_state_dict(self.net.state_dict())

    def configure_optimizers(self):
        return torch.optim.Adam(self.net.parameters(), lr=self.hparams.lr)


class ExperienceDataModule(pl.LightningDataModule):
    def __init__(self, env, steps_per_epoch=1600, warm_start=200, epsilon=0.2, batch_size=32):
        super().__init__()
        self.env = env
        self.save_hyperparameters(ignore=["env"])

    def train_dataloader(self):
        dataset = RLDataset(
            self.env,
            self.trainer.lightning_module.net,
            steps=self.hparams.steps_per_epoch,
            warm_start=self.hparams.warm_start,
            epsilon=self.hparams.epsilon,
            capacity=1000,
        )
        return DataLoader(dataset, batch_size=self.hparams.batch_size)
