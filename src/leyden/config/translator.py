"""The translation of a composed config: the config, what is made of it, and what is said of it."""

from dataclasses import dataclass, field
from typing import Any

from omegaconf import DictConfig, OmegaConf


@dataclass(frozen=True)
class Remark:
    """What was replaced or left out, for the user.

    Attributes:
        key: Key that says it.
        message: What became of it.
    """

    key: str
    message: str


@dataclass
class Translator:
    """Translates one composed config.

    Attributes:
        cfg: The config as it was composed.
        plain: What is made of it; nothing is resolved.
        remarks: What was replaced or left out.
    """

    cfg: DictConfig
    plain: dict[str, Any]
    remarks: list[Remark] = field(default_factory=list)

    def said(self, key: str) -> Any:
        """A value with its interpolations resolved; None where there is none."""
        return OmegaConf.select(self.cfg, key, throw_on_resolution_failure=False)

    def note(self, key: str, message: str) -> None:
        """Adds a remark."""
        self.remarks.append(Remark(key, message))


def lightning_class(node: Any, group: str) -> str | None:
    """Name of Lightning's class that a node is of; None for all others."""
    target = str(node.get("_target_")) if isinstance(node, dict) else ""
    module, _, name = target.rpartition(".")
    return name if module == f"pytorch_lightning.{group}" else None
