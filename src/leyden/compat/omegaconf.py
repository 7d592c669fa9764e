"""What OmegaConf 2.3 keeps private and Leyden needs.

YAML is to mean the same wherever it is read or written, so its loader and dumper are OmegaConf's,
which it offers only wrapped in functions that make a config of what they read, at ten times the
price. `tests/compat/test_omegaconf.py` fails when they change.
"""

from omegaconf._utils import get_omega_conf_dumper, get_yaml_loader

__all__ = ["get_omega_conf_dumper", "get_yaml_loader"]
