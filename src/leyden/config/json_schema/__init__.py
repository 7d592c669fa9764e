"""JSON Schemas (draft 2020-12) of all YAML files, for editors and other programs.

    hints.py    a type hint with its range
    found.py    which targets the files of a folder name, and where
    nodes.py    a node with a `_target_`: its keys follow from that
    sections.py what belongs to no target: the trainer, the root, experiments
    files.py    a schema for each group, written, and which YAML files it is for

They are made of what `config.validate` checks by: signatures, docstrings and `config.schema`. Rules
between keys are not in them.
"""
