"""On a machine that others use: who can read and write what a run leaves."""

import os
import stat
from pathlib import Path

import pytest

from leyden.files.atomic import replacing
from leyden.sweeps.launchers.slurm import own_folder

WORDS = ("model.width=8", "trainer.max_steps=2", "trainer.accelerator=cpu")


@pytest.fixture
def umask():
    """Sets the mask of rights that new files don't get."""
    before = os.umask(0)
    os.umask(before)
    yield os.umask
    os.umask(before)


@pytest.mark.parametrize("mask", [0o022, 0o027, 0o077, 0o002])
def test_files_have_the_rights_that_the_umask_says(leyden, umask, mask):
    umask(mask)
    result = leyden("train", *WORDS)
    assert result.status == 0, result.err
    for path in [result.folder, *result.folder.rglob("*")]:
        mode = stat.S_IMODE(path.stat().st_mode)
        assert mode & 0o700 >= 0o600, path
        assert not mode & (mask | 0o002), (path, oct(mode))
    for name in ("run.json", "config.yaml", "metrics.csv"):
        assert stat.S_IMODE((result.folder / name).stat().st_mode) == 0o666 & ~mask, name


def test_a_file_that_is_being_written_is_its_owners_alone(tmp_path, umask):
    umask(0o022)
    with replacing(tmp_path / "run.json") as file:
        assert stat.S_IMODE(os.fstat(file.fileno()).st_mode) == 0o600
        assert Path(file.name).parent == tmp_path
    assert stat.S_IMODE((tmp_path / "run.json").stat().st_mode) == 0o644


def test_the_folder_of_pickles_is_its_owners_alone(tmp_path):
    (tmp_path / ".submitit").mkdir(mode=0o755)
    assert stat.S_IMODE(own_folder(tmp_path / ".submitit").stat().st_mode) == 0o700
    assert stat.S_IMODE(own_folder(tmp_path / "new").stat().st_mode) == 0o700


def test_a_link_in_its_place_is_refused(tmp_path):
    (tmp_path / "theirs").mkdir()
    (tmp_path / ".submitit").symlink_to(tmp_path / "theirs")
    with pytest.raises(ValueError, match="is a link"):
        own_folder(tmp_path / ".submitit")


@pytest.mark.skipif(os.getuid() != 0, reason="only root can give a folder away")
def test_another_users_folder_is_refused(tmp_path):
    (tmp_path / ".submitit").mkdir()
    os.chown(tmp_path / ".submitit", 65534, 65534)
    with pytest.raises(ValueError, match="another user's"):
        own_folder(tmp_path / ".submitit")
