"""Models in the forms of other programs: what `leyden export` writes and `hf:` names."""
