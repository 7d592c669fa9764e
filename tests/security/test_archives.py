"""Archives that a data set comes in."""

import io
import tarfile

import pytest
from torchvision.datasets.utils import extract_archive

from leyden.data import DataError
from leyden.data.fetching import confined_archives, fetch_into


def archive(path, name, *, kind=tarfile.REGTYPE, target=""):
    with tarfile.open(path, "w:gz") as packed:
        member = tarfile.TarInfo(name)
        member.type, member.linkname = kind, target
        member.size = 4 if kind == tarfile.REGTYPE else 0
        packed.addfile(member, io.BytesIO(b"evil"))
    return path


MEMBERS = {
    "parent": ("../evil", tarfile.REGTYPE, ""),
    "deep parent": ("a/../../evil", tarfile.REGTYPE, ""),
    "link to a parent": ("link", tarfile.SYMTYPE, "../evil"),
    "link to an absolute path": ("link", tarfile.SYMTYPE, "/etc/passwd"),
    "hard link": ("link", tarfile.LNKTYPE, "../evil"),
    "device": ("device", tarfile.CHRTYPE, ""),
}


@pytest.mark.parametrize("member", MEMBERS.values(), ids=MEMBERS.keys())
def test_a_member_that_escapes_is_refused(tmp_path, member):
    name, kind, target = member
    packed = archive(tmp_path / "set.tar.gz", name, kind=kind, target=target)
    (tmp_path / "sets").mkdir()
    with pytest.raises(DataError, match="could not be fetched"):
        fetch_into(
            tmp_path / "sets" / "cifar10",
            lambda folder: extract_archive(str(packed), str(folder)),
            by_hand="put it there",
        )
    assert not list(tmp_path.rglob("evil"))
    assert not (tmp_path / "sets" / "cifar10").exists()


def test_an_absolute_member_lands_within_the_folder(tmp_path):
    packed = archive(tmp_path / "set.tar.gz", "/tmp/leyden-evil")
    with confined_archives():
        extract_archive(str(packed), str(tmp_path / "sets"))
    assert (tmp_path / "sets" / "tmp" / "leyden-evil").read_bytes() == b"evil"


def test_a_zip_that_escapes_lands_within_the_folder(tmp_path):
    import zipfile

    with zipfile.ZipFile(tmp_path / "set.zip", "w") as packed:
        packed.writestr("../../evil", "evil")
    extract_archive(str(tmp_path / "set.zip"), str(tmp_path / "sets"))
    assert list(tmp_path.rglob("evil")) == [tmp_path / "sets" / "evil"]


def test_a_set_whose_digest_is_another_is_not_unpacked(leyden, tmp_path, monkeypatch):
    """The archive that a person has put there is verified as a downloaded one is."""
    monkeypatch.setenv("LEYDEN_DATA", str(tmp_path / "sets"))
    place = tmp_path / "sets" / "archives" / "cifar10"
    place.mkdir(parents=True)
    archive(place / "cifar-10-python.tar.gz", "cifar-10-batches-py/data_batch_1")
    from torchvision.datasets import CIFAR10

    monkeypatch.setattr(CIFAR10, "url", "https://127.0.0.1:9/cifar-10-python.tar.gz")
    result = leyden("train", "data=cifar10", "model=cnn")
    assert result.status == 2
    assert not (tmp_path / "sets" / "cifar10").exists()
