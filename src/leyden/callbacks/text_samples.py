"""Shows what a language model writes."""

import logging

import torch
from pytorch_lightning import Callback, LightningModule, Trainer

from leyden.callbacks.tensorboard import leyden_data, tensorboard_writer
from leyden.data.batches import BatchIndices
from leyden.models.generation import Sampling, collected, generate
from leyden.tasks import LanguageModeling
from leyden.tasks.step_count import steps_done
from leyden.types import NonNegative, PositiveInt

log = logging.getLogger("leyden")


class TextSamples(Callback):
    """After each validation: a text by the model, in TensorBoard's TEXT tab and in `train.log`.

    Args:
        num_tokens: Length of the text.
        num_prompt_tokens: Tokens of the validation part that it goes on from.
        temperature: Below 1 the likelier tokens are favoured; 0 takes the likeliest only.
    """

    adds_to_validation = True  # which `leyden plan` counts

    changes_training = False

    def __init__(
        self,
        *,
        num_tokens: PositiveInt = 200,
        num_prompt_tokens: PositiveInt = 10,
        temperature: NonNegative = 0.8,
    ) -> None:
        self.num_tokens = num_tokens
        self.num_prompt_tokens = num_prompt_tokens
        self.temperature = temperature

    def on_validation_end(self, trainer: Trainer, task: LightningModule) -> None:
        if not isinstance(task, LanguageModeling):
            return
        data = leyden_data(trainer)
        if data is None or data.is_synthetic:
            return
        vocabulary = data.vocabulary  # type: ignore[attr-defined]
        beginning, _ = data.splits.val[BatchIndices(0, torch.tensor([0]))]
        prompt = beginning[0, : self.num_prompt_tokens]
        steps = generate(
            task.net,
            [prompt.to(task.device)],
            num_tokens=self.num_tokens,
            context=task.spec.input_shape[0],
            sampling=Sampling(temperature=self.temperature),
            vocab_size=len(vocabulary),
        )
        (tokens,) = collected(steps, 1)  # by every process: a network may be shared out among them
        if not trainer.is_global_zero:
            return
        given = vocabulary.decode(prompt)
        text = vocabulary.decode(torch.cat([prompt, torch.tensor(tokens, dtype=torch.long)]))
        log.info("a sample at step %d, going on from %r:\n%s", steps_done(trainer), given, text)
        writer = tensorboard_writer(trainer)
        if writer is not None:
            writer.add_text("sample", f"```\n{text}\n```", steps_done(trainer))
