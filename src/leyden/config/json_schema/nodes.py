"""A node with a `_target_`: which keys it has, and of which types they are, follows from that."""

from collections.abc import Iterable
from typing import Any

from leyden.config.docstrings import argument_texts, summary_of
from leyden.config.instantiate import CONVERSIONS
from leyden.config.json_schema.found import Found
from leyden.config.json_schema.hints import LATER, Schema, any_of, described, of_hint, or_later
from leyden.config.nodes import NESTED, WRAPPER, is_open, keys_of
from leyden.config.renamed import current_target
from leyden.config.signature import Parameter
from leyden.config.targets import find_target

NULL: Schema = {"type": "null"}
DEFAULTS: Schema = {
    "type": "array",
    "description": "Hydra's defaults list: options that this file is composed of.",
}
MARKERS: dict[str, Schema] = {
    "_partial_": {"type": "boolean", "description": "Whether the call is left to others."},
    "_recursive_": {"type": "boolean", "description": "Whether nodes within it are made first."},
    "_args_": {"type": "array", "description": "Arguments by their places."},
    "_convert_": {"enum": list(CONVERSIONS), "description": "What becomes of lists and mappings."},
}
OF_SWEEPERS: dict[str, Schema] = {
    "params": {"type": ["object", "null"], "description": "Axes, as on the command line."}
}
HAS_TARGET: Schema = {"required": ["_target_"]}


class Nodes:
    """Makes the schemas of nodes; those of targets are kept at `$defs`.

    Args:
        found: What the files name.
        is_strict: Whether a key that a target does not take is an error. Where Leyden translates
            the configs of a project, it is not.

    Attributes:
        defs: `$defs` of the schema that the nodes are for.
    """

    def __init__(self, found: Found, *, is_strict: bool) -> None:
        self.found = found
        self.is_strict = is_strict
        self.defs: dict[str, Schema] = {}
        self.defs["node"] = {}  # nodes within nodes refer to it
        self.defs["node"] = self.any_node(NESTED, found.targets.get(NESTED, ()))

    def group(self, group: str, *, is_file: bool = False) -> Schema:
        """A node of a group; without a `_target_` it changes some keys of one that has it.

        Args:
            group: The group.
            is_file: Whether it is a file of the group, which may have `defaults`.
        """
        targets = sorted(self.found.targets.get(group, ()))
        node = self.any_node(group, targets)
        known = [one for one in targets if self.target(group, one) is not None]
        changed = self._union(group, known, may_be_others=len(known) < len(targets) or not known)
        node["allOf"] = [*node.get("allOf", ()), {"if": HAS_TARGET, "else": changed}]
        if is_file:
            return node
        return any_of([NULL, LATER, node])

    def named(self, group: str, *, is_file: bool = False) -> Schema:
        """Nodes of a group by their names."""
        others = [NULL, LATER, {**self.any_node(group, self.found.targets.get(group, ()))}]
        if self.is_strict:
            others[2] = {**others[2], **HAS_TARGET}
        properties: dict[str, Schema] = {"defaults": DEFAULTS} if is_file else {}
        for name, targets in sorted(self.found.names.get(group, {}).items()):
            refs = [ref for one in sorted(targets) if (ref := self.target(group, one))]
            node = self.any_node(group, self.found.targets[group])
            changed = {"if": HAS_TARGET, "else": any_of(refs or [{}])}
            node["allOf"] = [*node.get("allOf", ()), changed]
            properties[name] = any_of([NULL, LATER, node])
        return {
            "type": "object",
            "properties": properties,
            "additionalProperties": any_of(others),
        }

    def any_node(self, group: str, targets: Iterable[str]) -> Schema:
        """A node whose keys follow from its `_target_`; of one that is not known all are taken."""
        refs = {one: ref for one in sorted(targets) if (ref := self.target(group, one))}
        node: Schema = {
            "type": "object",
            "properties": {
                "_target_": {
                    "description": "The class or function whose parameters the other keys are.",
                    "anyOf": [{"enum": list(refs)}, {"type": "string"}],
                }
                if refs
                else {"type": "string"}
            },
        }
        if group == NESTED:
            node |= HAS_TARGET
        if refs:
            node["allOf"] = [
                {
                    "if": {"properties": {"_target_": {"const": one}}, **HAS_TARGET},
                    "then": ref,
                }
                for one, ref in refs.items()
            ]
        return node

    def target(self, group: str, name: str) -> Schema | None:
        """The keys of a target, as a reference; None where it can't be found."""
        place = f"{group.replace('/', '.')}.{name}" if group != NESTED else f"node.{name}"
        if place not in self.defs:
            try:
                made = self._target(group, name)
            except (ValueError, TypeError):
                return None
            self.defs[place] = made
        return {"$ref": f"#/$defs/{place}"}

    def _target(self, group: str, name: str) -> Schema:
        now = current_target(name)
        target = find_target(now)
        keys, _ = keys_of(now, group.rpartition("/")[2])
        texts = argument_texts(target)
        if group == "data":
            texts = {**argument_texts(find_target(WRAPPER)), **texts}
        is_whole = self.is_strict and not is_open(target)
        return {
            "type": "object",
            "description": summary_of(target),
            "properties": {
                "_target_": {"type": "string"},
                "defaults": DEFAULTS,
                **MARKERS,
                **(OF_SWEEPERS if group == "hydra/sweeper" else {}),
                **{key: of_parameter(one, texts.get(key, "")) for key, one in keys.items()},
            },
            **({"additionalProperties": False} if is_whole else {}),
        }

    def _union(self, group: str, targets: list[str], *, may_be_others: bool) -> Schema:
        """Some keys of one of several targets; which one is not known."""
        properties: dict[str, Any] = {}
        is_whole = not may_be_others
        for name in targets:
            ref = self.target(group, name)
            assert ref is not None
            one = self.defs[ref["$ref"].removeprefix("#/$defs/")]
            is_whole = is_whole and "additionalProperties" in one
            for key, schema in one["properties"].items():
                properties.setdefault(key, []).append(schema)
        whole = {"additionalProperties": False} if is_whole else {}
        merged = {key: _either(schemas) for key, schemas in properties.items()}
        return {"type": "object", "properties": merged, **whole}


def of_parameter(parameter: Parameter, text: str) -> Schema:
    """The values of a parameter, with its text and its default."""
    return described(or_later(of_hint(parameter.hint)), text, parameter.default)


def _either(schemas: list[Schema]) -> Schema:
    """One of several schemas of a key; a default or a text that only some have is left out."""
    bare = [
        {k: v for k, v in one.items() if k not in ("description", "default")} for one in schemas
    ]
    texts = {one.get("description") for one in schemas}
    text = texts.pop() if len(texts) == 1 else None
    return described(any_of(bare), text or "")
