"""What `leyden explain` can tell of a run, by method."""

from collections.abc import Callable, Sequence
from pathlib import Path

from matplotlib import rc_context

from leyden.inference.attention_content import explain_attention
from leyden.inference.attribution_content import content_of
from leyden.inference.attributions import METHODS as ATTRIBUTIONS
from leyden.inference.dependence_content import explain_dependence
from leyden.inference.explain import explain
from leyden.inference.explanation_content import Content
from leyden.inference.layer_activations import explain_activations
from leyden.inference.permutation_importance import explain_permutation

Explain = Callable[[Path, str, Sequence[str]], Content]

OTHERS: dict[str, Explain] = {
    "activations": explain_activations,
    "attention": explain_attention,
    "permutation": explain_permutation,
    "dependence": explain_dependence,
}
METHODS = (*ATTRIBUTIONS, *OTHERS)


def explanation_by(method: str, source: Path, which: str, given: Sequence[str]) -> Content:
    """Explains inputs.

    Args:
        method: One of `METHODS`.
        source: Folder of the run.
        which: Checkpoint: `best` or `last`.
        given: Files, folders, patterns; of text the texts themselves.

    Raises:
        ConfigError: The run has no model for such inputs or for the method, an input can't be
            read, or the extra is missing.
    """
    with rc_context({"text.parse_math": False}):  # a `$` in a name begins no formula
        for name in ATTRIBUTIONS:
            if name == method:
                return content_of(explain(source, which, given, name))
        return OTHERS[method](source, which, given)
