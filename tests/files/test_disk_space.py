"""Whether a run has room."""

import pytest

from leyden.errors import ConfigError
from leyden.files.disk_space import require_space


def test_a_model_that_fits_on_no_disk_is_refused_with_what_it_needs(tmp_path):
    with pytest.raises(ConfigError, match=r"need 24,000\.0 GB"):
        require_space(tmp_path / "a" / "b", key="outputs", num_parameters=10**12)
    assert not (tmp_path / "a").exists()


def test_a_place_below_a_file_is_refused(tmp_path):
    (tmp_path / "file").touch()
    with pytest.raises(ConfigError, match="is not a folder"):
        require_space(tmp_path / "file" / "run", key="run_dir", num_parameters=1)


def test_a_small_model_has_room(tmp_path):
    require_space(tmp_path, key="outputs", num_parameters=1000)
