"""Private training: what it refuses, and the noise and length that follow from its budget."""

from collections.abc import Iterator

import torch
from omegaconf import DictConfig, open_dict

from leyden.config.module_run import has_leyden_data, is_module_run
from leyden.config.targets import find_target, is_user_target
from leyden.data import DataModule, Spec
from leyden.errors import ConfigError, Problem
from leyden.optim import schedule_free_adamw
from leyden.planning.batch import batch_split_of, num_processes_of
from leyden.planning.building import build_net
from leyden.planning.finetuning import frozen_until
from leyden.privacy import require_opacus
from leyden.privacy.accounting import SampledGaussian, noise_for, steps_within
from leyden.privacy.gradients import MixedSamplesError, require_gradients_of_samples

LEAST_BATCH = 32
"""A Poisson sample may be empty: of 32 expected samples with a chance of e^-32, or 10^-14."""


def privacy_problems(cfg: DictConfig) -> Iterator[Problem]:
    """What private training can't do, each with the way out."""
    keys = cfg.get("privacy")
    if keys is None:
        return
    if not isinstance(keys, DictConfig):
        yield Problem("privacy", "is no method; type `privacy=dp_sgd`", str(keys))
        return
    if keys.epsilon is None and keys.noise_multiplier is None:
        message = "give a budget, such as `privacy.epsilon=8`, or `privacy.noise_multiplier=1`"
        yield Problem("privacy.epsilon", message, "null")
    if is_module_run(cfg) or not has_leyden_data(cfg):
        message = "is for Leyden's tasks and data sets: it draws the batches and clips each sample"
        yield Problem("privacy", message)
        return
    for key, (is_refused, way_out) in _refusals(cfg).items():
        if is_refused:
            yield Problem(key, f"does not go with privacy=dp_sgd; {way_out}", _shown(cfg, key))


def _refusals(cfg: DictConfig) -> dict[str, tuple[bool, str]]:
    trainer, task = cfg.trainer, cfg.task
    adds_up = _adds_up(cfg)
    by = "accumulate_grad_batches" if trainer.micro_batch is None else "micro_batch"
    is_schedule_free = find_target(cfg.optimizer._target_) is schedule_free_adamw
    own_clip = "`privacy.max_grad_norm` clips; type `trainer.gradient_clip_val=null`"
    return {
        "trainer.devices": (num_processes_of(cfg) > 1, "type `strategy=auto trainer.devices=1`"),
        "trainer.precision": (
            trainer.precision not in ("32-true", "64-true"),
            "type `trainer.precision=32-true`",
        ),
        f"trainer.{by}": (adds_up, f"type `trainer.{by}=null`, and a batch that fits"),
        "trainer.gradient_clip_val": (bool(trainer.gradient_clip_val), own_clip),
        "trainer.on_nonfinite": (
            trainer.on_nonfinite != "raise",
            "which steps are left out would tell of the data; type `trainer.on_nonfinite=raise`",
        ),
        "compile": (bool(cfg.compile), "type `compile=false`"),
        "task": (
            is_user_target(str(task.get("_target_", ""))),
            "a loss of your own may compare samples of a batch; type `task=auto`",
        ),
        "task.mixup": (bool(task.get("mixup")), "a sample would be in two; type `task.mixup=0`"),
        "task.class_weights": (
            task.get("class_weights") == "balanced",
            "counts tell of the data; list the weights",
        ),
        "task.loss_chunk": (bool(task.get("loss_chunk")), "type `task.loss_chunk=0`"),
        "data.stream": (bool(cfg.data.get("stream")), "type `data.stream=false`"),
        "data.mask_documents": (
            bool(cfg.data.get("mask_documents")),
            "type `data.mask_documents=false`",
        ),
        "freeze": (
            any(step is not None for step in frozen_until(cfg).values()),
            "leave out the steps: `freeze=[...]` holds for the whole run",
        ),
        "model.norm": (cfg.model.get("norm") == "batch", "type `model.norm=group`"),
        "optimizer": (is_schedule_free, "type `optimizer=adamw`"),
    }


def _adds_up(cfg: DictConfig) -> bool:
    if cfg.trainer.micro_batch == "auto":
        return True
    try:
        return batch_split_of(cfg).accumulate != 1
    except ValueError:  # it does not come out even: `batch_divides` says so
        return False


def _shown(cfg: DictConfig, key: str) -> str:
    group, _, name = key.partition(".")
    if not name and "_target_" in (cfg[group] if isinstance(cfg[group], DictConfig) else ()):
        return str(cfg[group]._target_).rpartition(".")[2]
    return str(cfg[group][name] if name else cfg[group])


def resolve_privacy(cfg: DictConfig, data: DataModule, *, steps: int | None) -> int | None:
    """Writes the noise that the budget asks for into the config. Returns the steps that it allows.

    Args:
        cfg: Validated config; its `privacy` is changed.
        data: Data set of the config.
        steps: Planned steps of the run; None: they are not known.

    Raises:
        ConfigError: The data is too small, or no noise keeps the budget.
    """
    keys, samples = cfg.get("privacy"), data.train_samples
    if keys is None:
        return steps
    if keys.delta >= 1 / samples:
        message = f"must be below 1 / {samples:,}, the number of training samples"
        raise ConfigError([Problem("privacy.delta", message, f"{keys.delta:g}")])
    if cfg.data.batch_size < LEAST_BATCH:
        message = f"must be {LEAST_BATCH} or more with privacy=dp_sgd: a random batch can be empty"
        raise ConfigError([Problem("data.batch_size", message, str(cfg.data.batch_size))])
    if keys.noise_multiplier is None:
        _solve_noise(cfg, samples, steps)
    allowed = steps_allowed(cfg, samples, planned=steps)
    if allowed == 0:
        message = f"is spent by one step with noise_multiplier={keys.noise_multiplier:g}"
        raise ConfigError([Problem("privacy.epsilon", message, f"{keys.epsilon:g}")])
    return steps if allowed is None else allowed


def _solve_noise(cfg: DictConfig, samples: int, steps: int | None) -> None:
    keys = cfg.privacy
    if steps is None:
        message = "can't be solved for a run whose steps are not known; type a number"
        raise ConfigError([Problem("privacy.noise_multiplier", message, "null")])
    try:
        noise = noise_for(
            keys.epsilon,
            steps=steps,
            sample_rate=cfg.data.batch_size / samples,
            delta=keys.delta,
            accountant=keys.accountant,
        )
    except ValueError as error:
        raise ConfigError([Problem("privacy.epsilon", str(error), f"{keys.epsilon:g}")]) from error
    with open_dict(cfg):
        keys.noise_multiplier = noise


def require_private_net(cfg: DictConfig, spec: Spec) -> None:
    """Checks that the gradient of each sample can be told, on random samples.

    Raises:
        ConfigError: The extra is missing, samples of a batch depend on each other, or Opacus can't
            tell them apart.
    """
    require_opacus()
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        net = build_net(cfg, spec)
        shape = (3, *spec.input_shape)
        is_text = spec.kind == "text"
        inputs = torch.randint(spec.vocab_size, shape) if is_text else torch.randn(shape)
        try:
            require_gradients_of_samples(net, inputs)
        except MixedSamplesError as error:
            message = f"does not go with privacy=dp_sgd: {error}; {_other_model(cfg)}"
            raise ConfigError([Problem("model", message)]) from error


def _other_model(cfg: DictConfig) -> str:
    if cfg.model.get("positions") == "learned":
        return "type `model.positions=rotary`"
    return "type `model=mlp`, `model=cnn model.norm=group`, or `model=gpt model.positions=rotary`"


def steps_allowed(cfg: DictConfig, train_samples: int, *, planned: int | None) -> int | None:
    """Steps after which the budget is spent, at most those that are planned; None: no budget."""
    keys = cfg.get("privacy")
    if keys is None or keys.epsilon is None or keys.noise_multiplier is None:
        return None
    return steps_within(
        keys.epsilon,
        SampledGaussian(cfg.data.batch_size / train_samples, keys.noise_multiplier),
        delta=keys.delta,
        accountant=keys.accountant,
        planned=planned,
    )
