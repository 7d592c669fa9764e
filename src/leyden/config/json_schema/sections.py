"""What belongs to no target: the trainer, the other sections, the root, and experiments."""

from typing import Any

from leyden.config.docstrings import argument_texts, field_texts
from leyden.config.json_schema.found import OF_NAMES
from leyden.config.json_schema.hints import LATER, Schema, any_of, described, of_hint, or_later
from leyden.config.json_schema.nodes import DEFAULTS, HAS_TARGET, NULL, Nodes, of_parameter
from leyden.config.schema import Root, SweepKeys, TrainerKeys
from leyden.config.signature import fields_of
from leyden.config.validate import SECTIONS, trainer_class, trainer_keys

OF_NODES = ("model", "data", "optimizer", "scheduler", "task")
"""Keys of the root that hold a node each."""

OF_SMOKE: dict[str, Schema] = {
    "shrinks": {
        "type": "boolean",
        "description": "Whether devices, precision and batches become what any machine has.",
    }
}


def section(schema: type, *, is_strict: bool, is_file: bool = False) -> Schema:
    """A mapping whose keys are the fields of a dataclass."""
    texts = field_texts(schema)
    properties = {
        key: of_parameter(one, texts.get(key, "")) for key, one in fields_of(schema).items()
    }
    if is_file:
        properties = {"defaults": DEFAULTS, **properties}
    return {
        "type": "object",
        "properties": properties,
        **({"additionalProperties": False} if is_strict else {}),
    }


def trainer(*, is_strict: bool, is_file: bool = False) -> Schema:
    """Keys of `trainer`: Leyden's and Lightning's."""
    texts = {**argument_texts(trainer_class()), **field_texts(TrainerKeys)}
    keys = trainer_keys(lightnings_first=not is_strict)
    properties = {
        key: described(or_later(of_hint(one.hint)), texts.get(key, "")) for key, one in keys.items()
    }
    whole = {"additionalProperties": False} if is_strict else {}
    forced = {
        "type": "object",
        "description": "Keys that hold also where an experiment says otherwise.",
        "properties": properties,
        **whole,
    }
    others = {"force": forced, **OF_SMOKE, **({"defaults": DEFAULTS} if is_file else {})}
    return {"type": "object", "properties": {**properties, **others}, **whole}


def root(nodes: Nodes) -> Schema:
    """A whole config, or what an experiment says of it."""
    is_strict = nodes.is_strict
    properties: dict[str, Schema] = {"defaults": DEFAULTS}
    if is_strict:
        texts = field_texts(Root)
        properties |= {
            key: of_parameter(one, texts.get(key, "")) for key, one in fields_of(Root).items()
        }
        properties |= {
            key: _optional(section(schema, is_strict=True))
            for key, schema in SECTIONS.items()
            if key not in OF_NODES
        }
        properties["compile"] = any_of([{"type": "boolean"}, properties["compile"]])
        properties["sweep"] = section(SweepKeys, is_strict=True)
    properties |= {group: nodes.group(group) for group in OF_NODES}
    properties |= {group: _optional(nodes.named(group)) for group in OF_NAMES}
    properties["trainer"] = _optional(trainer(is_strict=is_strict))
    properties["hydra"] = hydra(nodes)
    return {
        "type": "object",
        "properties": properties,
        **({"additionalProperties": False, "allOf": _chosen(nodes)} if is_strict else {}),
    }


def hydra(nodes: Nodes) -> Schema:
    """Hydra's own node: of it the launcher and the sweeper are known."""
    kinds = ("launcher", "sweeper") if nodes.is_strict else ()
    parts = {kind: nodes.group(f"hydra/{kind}") for kind in kinds}
    return {"type": "object", "properties": parts}


def _optional(schema: Schema) -> Schema:
    return any_of([NULL, LATER, schema])


def _chosen(nodes: Nodes) -> list[Any]:
    """The keys of a group are those of the option that `defaults` chooses."""
    found = []
    for group in OF_NODES:
        for option, name in sorted(nodes.found.options.get(group, {}).items()):
            ref = nodes.target(group, name)
            if ref is None:
                continue
            key = f"override /{group}"
            entry = {"type": "object", "properties": {key: {"const": option}}, "required": [key]}
            condition = {"properties": {"defaults": {"contains": entry}}, "required": ["defaults"]}
            keys = {"anyOf": [NULL, LATER, HAS_TARGET, ref]}
            found.append({"if": condition, "then": {"properties": {group: keys}}})
    return found
