"""Where the catalogue, the experiments and the templates lie: in the clone or the package."""

from pathlib import Path

PACKAGE = Path(__file__).parents[1]
CLONE = PACKAGE.parents[1]
ROOT = CLONE if (CLONE / "conf" / "config.yaml").is_file() else PACKAGE

CONF = ROOT / "conf"
EXPERIMENTS = ROOT / "experiments"
TEMPLATES = ROOT / "templates"
