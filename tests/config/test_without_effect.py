"""Words that would change nothing are refused by name, with what to type; nothing is cut short."""

import itertools

import pytest

WITHOUT_EFFECT = {
    "hydra.run.dir=x": "`run_dir=FOLDER`",
    "hydra.sweep.dir=x": "`run_dir=FOLDER`",
    "hydra.sweep.subdir=x": "folder",
    "hydra.output_subdir=x": "folder",
    "hydra.job.chdir=true": "stays in the folder",
    "hydra.job.name=x": "`name=NAME`",
    "hydra.verbose=true": "train.log",
    "hydra.nosuch=3": "no effect",
    "hydra/job_logging=default": "no effect",
    "hydra.launcher.slots=3": "add `-m`",
    "hydra/launcher=ray": "add `-m`",
    "--config-path=x": "`--config-dir FOLDER`",
    "-cp=x": "`--config-dir FOLDER`",
    "--cfg=job": "`leyden train --cfg job ...`",
    "--info": "`leyden train --cfg job ...`",
    "--resolve": "`leyden train --cfg job ...`",
}
"""Of `leyden plan`."""

MEANT = {
    "epochs=3": "`trainer.max_epochs`",
    "steps=3": "`trainer.max_steps`",
    "batch=3": "`data.batch_size`",
    "lr=0.1": "`optimizer.lr`",
    "learning_rate=0.1": "`optimizer.lr`",
    "trainer.lr=0.1": "`optimizer.lr`",
    "model.lr=0.1": "`optimizer.lr`",
    "data.max_epochs=3": "`trainer.max_epochs`",
    "optimizer.widht=3": "`model.width`",
    "monitor.patience=3": "`callbacks.early_stopping.patience`",
}


@pytest.mark.parametrize(("word", "instead"), WITHOUT_EFFECT.items())
def test_a_word_without_effect_is_refused(word, instead, leyden, tmp_path):
    result = leyden("plan", *word.split("=" if word.startswith("-") else "\n"))
    assert result.status == 2
    assert instead in result.err
    key = word.partition("=")[0].replace("-cp", "--config-path")
    assert f"error: {key}" in result.err
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("key", ["run: {dir: x}", "sweep: {dir: x}", "job: {chdir: true}"])
def test_so_is_one_in_a_file(key, leyden, tmp_path):
    folder = tmp_path / "mine" / "experiment"
    folder.mkdir(parents=True)
    (folder / "asked.yaml").write_text(f"# @package _global_\nhydra: {{{key}}}\n")
    result = leyden("plan", "--config-dir", "mine", "experiment=asked")
    assert result.status == 2
    assert f"error: hydra.{key.split(':')[0]}." in result.err


def test_keys_of_a_search_are_refused_without_one(leyden):
    result = leyden("plan", "-m", "seed=0,1", "hydra.sweeper.n_trials=3")
    assert result.status == 2
    assert "add `hydra/sweeper=optuna`" in result.err


@pytest.mark.parametrize(("word", "meant"), MEANT.items())
def test_a_key_in_the_wrong_place_is_named_with_its_place(word, meant, leyden):
    result = leyden("plan", word)
    assert result.status == 2
    assert f"error: {word} (command line): no such key; did you mean {meant}?" in result.err


@pytest.mark.parametrize(
    ("typed", "instead"),
    [
        ("optimizer.adamw_betas=0.9,0.95", "'optimizer.adamw_betas=[0.9,0.95]'"),
        ("monitor.metric=val/loss,val/acc", "'monitor.metric=\"val/loss,val/acc\"'"),
        ("name=a,b", "'name=\"a,b\"'"),
        ("seed=0,1", "add `-m`"),
    ],
)
def test_values_with_commas_are_said_as_the_key_takes_them(typed, instead, leyden):
    result = leyden("plan", typed)
    assert result.status == 2
    assert instead in result.err


def test_what_is_typed_instead_is_taken(leyden):
    assert leyden("plan", "optimizer.adamw_betas=[0.9,0.95]").status == 0


@pytest.mark.parametrize("values", ["range(1,2,0)", "range(5,1)", "interval(1,0.1)"])
def test_an_axis_without_values_is_refused(values, leyden):
    search = ("hydra/sweeper=optuna",) if values.startswith("interval") else ()
    result = leyden("plan", "-m", *search, f"optimizer.lr={values}")
    assert result.status == 2
    assert f"error: optimizer.lr={values} (command line): " in result.err


@pytest.mark.parametrize(
    ("typed", "whole"),
    [
        (("seed=nosuch(1)",), "Unknown function 'nosuch' Available: "),
        (("seed=[1,2",), "can't be read: "),
        (("model@x=mlp",), "To append to your default list use +model@x=mlp"),
        (("--config-name", "nosuch"), "error: --config-name=nosuch: there is no such config"),
        (("seed=${oc.env:NO_SUCH_NAME}",), "Environment variable 'NO_SUCH_NAME' not found"),
    ],
)
def test_a_message_of_hydras_is_whole(typed, whole, leyden):
    result = leyden("plan", *typed)
    assert result.status == 2
    assert whole in result.err
    assert not result.err.splitlines()[0].endswith(":")


@pytest.mark.parametrize("place", range(len("LEYDEN"), len("LEYDEN_PACKAGES")))
def test_a_variable_with_a_letter_too_few_is_refused(place, leyden, monkeypatch):
    name = "LEYDEN_PACKAGES"[:place] + "LEYDEN_PACKAGES"[place + 1 :]
    monkeypatch.setenv(name, "my_models")
    result = leyden("plan")
    assert result.status == 2
    assert f"error: {name}=my_models (environment): no such variable" in result.err
    assert "`LEYDEN_PACKAGES`" in result.err


@pytest.mark.parametrize("name", ["LEYDEN_STREET", "LEYDEN_TEST_FOLDER", "DATA", "PACKAGES"])
def test_a_variable_that_is_not_alike_is_left_alone(name, leyden, monkeypatch):
    monkeypatch.setenv(name, "x")
    assert leyden("plan").status == 0


def test_a_misspelt_package_is_named(leyden, monkeypatch):
    monkeypatch.setenv("LEYDEN_PACKAGES", "my_modles")
    result = leyden("plan", "model._target_=my_models.Linear")
    assert result.status == 2
    assert "LEYDEN_PACKAGES names `my_modles`; did you mean `my_models`?" in result.err


@pytest.mark.parametrize("flags", list(itertools.permutations(["--config-dir=mine", "--help"])))
def test_help_lists_the_users_own_options(flags, leyden, tmp_path):
    (tmp_path / "mine" / "model").mkdir(parents=True)
    (tmp_path / "mine" / "model" / "linear.yaml").write_text("_target_: my_models.Linear\n")
    result = leyden("train", *flags)
    assert result.status == 0
    assert "In mine:\n  model       linear\n" in result.out
