"""Names of runs, options and folders: nothing is written outside of `outputs/`."""

import pytest


@pytest.fixture
def here(tmp_path, monkeypatch):
    """Where the command runs, with two folders above it that are empty otherwise."""
    folder = tmp_path / "above" / "here"
    folder.mkdir(parents=True)
    monkeypatch.chdir(folder)
    return folder


NAMES = [
    "../evil",
    "../../evil",
    "..",
    ".",
    "/tmp/evil",
    "a/../../evil",
    "a/b",
    "a\\\\..\\\\b",
    "C:evil",
    "",
    "a\nb",
    "a\rb",
    "a\tb",
    "a\x1b[2Jb",
    "a\x00b",
    "a\x7fb",
    "a\u202eb",
    "a\u2028b",
    "n" * 101,
    "n" * 300,
    "~/../evil/",
]
MADE_SAFE = ["~", "..a", "a..b", "-rf", "con", "[bold]x[/bold]".replace("/", ""), "$HOME", "`id`"]


def tree(folder):
    above = folder.parents[1]
    return {path for path in above.rglob("*") if folder / "outputs" not in path.parents}


def as_override(name):
    quoted = name.replace("'", "\\'")
    return f"name='{quoted}'"


@pytest.mark.parametrize("name", NAMES, ids=ascii)
def test_a_name_that_leads_elsewhere_is_refused(leyden, here, name):
    before = tree(here)
    result = leyden("train", as_override(name))
    assert result.status == 2
    assert result.err.count("error: ") == 1
    assert "\x1b" not in result.err
    assert tree(here) == before
    assert not (here / "outputs").exists()


@pytest.mark.parametrize("name", NAMES, ids=ascii)
def test_it_is_refused_for_a_sweep(leyden, here, name):
    before = tree(here)
    assert leyden("train", "-m", as_override(name), "seed=1,2").status == 2
    assert tree(here) == before
    assert not (here / "outputs").exists()


@pytest.mark.parametrize("name", MADE_SAFE)
def test_an_odd_name_stays_within_outputs(leyden, here, name):
    before = tree(here)
    words = ("model.width=8", "trainer.max_steps=1", "trainer.accelerator=cpu")
    result = leyden("train", as_override(name), *words)
    assert result.status == 0, result.err
    assert tree(here) - before == {here / "outputs"}
    assert (here / "outputs" / name).is_dir()


@pytest.mark.parametrize("group", ["model", "data", "experiment", "hydra/launcher"])
@pytest.mark.parametrize("option", ["../../evil", "../evil", "mlp/../../../evil", "/evil"])
def test_an_option_outside_of_the_catalogue_is_not_read(leyden, tmp_path, group, option):
    (tmp_path / "theirs" / "model").mkdir(parents=True)
    (tmp_path / "evil.yaml").write_text("width: 8\n")
    result = leyden("train", "--config-dir", "theirs", f"{group}={option}")
    assert result.status == 2
    assert "no such option" in result.err


def test_a_defaults_list_does_not_lead_out_of_the_catalogue(leyden, tmp_path):
    (tmp_path / "theirs" / "model").mkdir(parents=True)
    (tmp_path / "evil.yaml").write_text("_target_: leyden.models.MLP\nwidth: 8\ndepth: 1\n")
    (tmp_path / "theirs" / "model" / "mine.yaml").write_text("defaults:\n  - ../../evil\n")
    result = leyden("train", "--config-dir", "theirs", "model=mine")
    assert result.status == 2
    assert not (tmp_path / "outputs").exists()


@pytest.mark.parametrize("value", ["../../evil", "/tmp/evil", "a\x1b[2Jb", "n" * 400])
def test_a_swept_value_stays_within_its_sweep(value):
    from leyden.run.folder import job_name

    name = job_name((f"data.path={value}", "seed=1"), ("data.path", "seed"), "0123456789")
    assert name.isprintable()
    assert "/" not in name
    assert len(name) < 100
    assert name.strip(".") == name
