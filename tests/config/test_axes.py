"""What a sweep varies: `sweep` in a file, values on the command line, and which jobs they make."""

import math

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from leyden.config.compose import compose_request
from leyden.config.request import Request
from leyden.config.sweep_declaration import text_of
from leyden.config.sweep_space import Assignment, Axes, Axis
from leyden.errors import ConfigError

LISTED = "sweep: {list: [{optimizer.lr: 0.1}, {optimizer.lrr: 0.2}]}"


@pytest.fixture
def plan(tmp_path):
    """Composes an experiment that has such lines, with such words on the command line."""
    folder = tmp_path / "mine" / "experiment"
    folder.mkdir(parents=True)

    def compose(text, *words, multirun=False):
        (folder / "asked.yaml").write_text(f"# @package _global_\n{text}\n")
        request = Request(("experiment=asked", *words), multirun, config_dir=folder.parent)
        return compose_request(request)

    return compose


@pytest.fixture
def jobs(plan):
    """What is particular to each job of such an experiment."""
    return lambda text, *words: [
        " ".join(job.assignment.overrides()) for job in plan(text, *words).jobs
    ]


@pytest.fixture
def refusal(plan):
    """What is said of an experiment that can't be composed."""

    def compose(text, *words, multirun=False):
        with pytest.raises(ConfigError) as caught:
            plan(text, *words, multirun=multirun)
        return str(caught.value)

    return compose


def typed(*words):
    plan = compose_request(Request(words, multirun=True))
    return [" ".join(job.assignment.overrides()) for job in plan.jobs]


def test_a_grid_of_lists_has_every_combination_with_the_last_key_fastest(jobs):
    assert jobs("sweep: {grid: {model.depth: [1, 2], optimizer.lr: [0.1, 1e-3]}}") == [
        "model.depth=1 optimizer.lr=0.1",
        "model.depth=1 optimizer.lr=0.001",
        "model.depth=2 optimizer.lr=0.1",
        "model.depth=2 optimizer.lr=0.001",
    ]


def test_a_single_value_of_a_grid_is_a_list_of_one(jobs):
    assert jobs("sweep: {grid: {model.depth: 3, seed: [1, 2]}}") == [
        "model.depth=3 seed=1",
        "model.depth=3 seed=2",
    ]


@pytest.mark.parametrize(
    ("text", "values"),
    [
        ("'1,4,2'", ["1", "4", "2"]),
        ("'range(1, 4)'", ["1", "2", "3"]),
        ("'range(1, 9, 3)'", ["1", "4", "7"]),
        ("'sort(4, 1, 2)'", ["1", "2", "4"]),
        ("'choice(2, 1)'", ["2", "1"]),
    ],
)
def test_a_grid_takes_hydras_texts_for_values(text, values, jobs):
    grid = f"sweep: {{grid: {{model.depth: {text}}}}}"
    assert jobs(grid) == [f"model.depth={value}" for value in values]


def test_a_glob_stands_for_the_options_of_a_group(jobs):
    assert jobs("sweep: {grid: {scheduler: 'glob(co*)'}}") == [
        "scheduler=constant",
        "scheduler=cosine",
    ]


def test_a_value_may_be_a_list_null_or_a_truth(jobs):
    grid = "{optimizer.adamw_betas: [[0.9, 0.95]], params: [null], trainer.deterministic: [true]}"
    assert jobs(f"sweep: {{grid: {grid}}}") == [
        "optimizer.adamw_betas=[0.9,0.95] params=null trainer.deterministic=true"
    ]


def test_zipped_keys_change_in_step(jobs):
    assert jobs("sweep: {zip: {model.depth: [1, 2], model.width: '8,16'}}") == [
        "model.depth=1 model.width=8",
        "model.depth=2 model.width=16",
    ]


def test_a_glob_on_the_command_line_stands_for_the_options_of_a_group():
    assert typed("scheduler=glob(co*)") == ["scheduler=constant", "scheduler=cosine"]


def test_a_zip_is_an_axis_of_the_grid(jobs):
    both = "sweep: {grid: {seed: [0, 1]}, zip: {model.depth: [1, 2], model.width: [8, 16]}}"
    assert jobs(both) == [
        "seed=0 model.depth=1 model.width=8",
        "seed=0 model.depth=2 model.width=16",
        "seed=1 model.depth=1 model.width=8",
        "seed=1 model.depth=2 model.width=16",
    ]


def test_a_zip_of_unequal_lengths_is_refused_with_the_lengths(refusal):
    said = refusal("sweep: {zip: {model.depth: [1, 2], model.width: [8, 16, 32]}}")
    assert "model.depth has 2, model.width has 3" in said


def test_a_conditional_axis_counts_only_where_its_condition_holds(jobs):
    grid = "{grid: {optimizer: [sgd, adam]}, when: {optimizer=sgd: {optimizer.lr: [0.1, 1]}}}"
    assert jobs(f"sweep: {grid}") == [
        "optimizer=sgd optimizer.lr=0.1",
        "optimizer=sgd optimizer.lr=1",
        "optimizer=adam",
    ]


def test_a_condition_may_name_several_values(jobs):
    text = """
    sweep:
      grid: {optimizer: [sgd, momentum, adam]}
      when:
        optimizer=sgd,momentum: {optimizer.lr: [1]}
        optimizer=adam: {optimizer.lr: [2]}
    """
    assert jobs(text) == [
        "optimizer=sgd optimizer.lr=1",
        "optimizer=momentum optimizer.lr=1",
        "optimizer=adam optimizer.lr=2",
    ]


def test_a_condition_on_a_key_that_is_not_swept_is_refused(refusal):
    said = refusal("sweep: {grid: {seed: [1]}, when: {optimizer=sgd: {optimizer.lr: [1]}}}")
    assert "sweep.when.optimizer=sgd: optimizer is not swept; there is: seed" in said


def test_a_condition_without_a_value_is_refused(refusal):
    said = refusal("sweep: {grid: {seed: [1]}, when: {optimizer: {optimizer.lr: [1]}}}")
    assert "must be of the form key=value" in said


def test_listed_jobs_come_after_the_grids(jobs):
    text = "sweep: {grid: {seed: [0, 1]}, list: [{model.depth: 3, seed: 7}, {optimizer: sgd}]}"
    assert jobs(text) == ["seed=0", "seed=1", "model.depth=3 seed=7", "optimizer=sgd"]


def test_a_list_needs_no_grid(jobs):
    assert jobs("sweep: {list: [{seed: 7}, {optimizer: sgd}]}") == ["seed=7", "optimizer=sgd"]


def test_a_job_that_is_listed_and_in_the_grid_is_done_once(jobs):
    assert jobs("sweep: {grid: {seed: [0, 1]}, list: [{seed: 1}]}") == ["seed=0", "seed=1"]


def test_an_exclusion_leaves_out_what_has_all_of_its_values(jobs):
    text = "{grid: {seed: [0, 1], model.depth: [1, 2]}, exclude: [{seed: 1, model.depth: 2}]}"
    assert jobs(f"sweep: {text}") == [
        "seed=0 model.depth=1",
        "seed=0 model.depth=2",
        "seed=1 model.depth=1",
    ]


def test_an_exclusion_of_a_key_that_is_not_swept_is_refused(refusal):
    said = refusal("sweep: {grid: {seed: [0, 1]}, exclude: [{model.depth: 2}]}")
    assert "sweep.exclude[0]: model.depth is not swept; there is: seed" in said


def test_repetitions_count_from_the_configs_seed(jobs):
    assert jobs("seed: 5\nsweep: {grid: {model.depth: [1, 2]}, repeat: {seed: 2}}") == [
        "model.depth=1 seed=5",
        "model.depth=1 seed=6",
        "model.depth=2 seed=5",
        "model.depth=2 seed=6",
    ]


def test_repetitions_count_from_the_seed_on_the_command_line(jobs):
    text = "sweep: {grid: {model.depth: [1]}, repeat: {data.batch_size: 2}}"
    assert jobs(text, "seed=3") == [
        "model.depth=1 data.batch_size=64",
        "model.depth=1 data.batch_size=65",
    ]


def test_repetitions_may_be_listed(jobs):
    assert jobs("sweep: {repeat: {seed: [3, 9]}}") == ["seed=3", "seed=9"]


@pytest.mark.parametrize("times", ["seed: 0", "optimizer.lr: 3"])
def test_repetitions_of_nothing_countable_are_refused(times, refusal):
    assert "must be a number of times" in refusal(f"sweep: {{repeat: {{{times}}}}}")


def test_a_value_on_the_command_line_fixes_a_declared_axis(jobs):
    text = "sweep: {grid: {seed: [0, 1], model.depth: [1, 2]}}"
    assert jobs(text, "seed=4") == ["model.depth=1", "model.depth=2"]


def test_values_on_the_command_line_replace_those_of_a_declared_axis(jobs):
    text = "sweep: {grid: {seed: [0, 1], model.depth: [1]}}"
    assert jobs(text, "seed=4,5,6") == [
        "model.depth=1 seed=4",
        "model.depth=1 seed=5",
        "model.depth=1 seed=6",
    ]


def test_a_value_on_the_command_line_fixes_one_key_of_a_zip(jobs):
    text = "sweep: {zip: {model.depth: [1, 2], model.width: [8, 16]}}"
    assert jobs(text, "model.width=32") == ["model.depth=1", "model.depth=2"]


def test_hydras_own_params_are_axes(jobs):
    text = "hydra: {sweeper: {params: {seed: '1,2', model.depth: 'range(1,3)'}}}"
    assert jobs(text) == [
        "seed=1 model.depth=1",
        "seed=1 model.depth=2",
        "seed=2 model.depth=1",
        "seed=2 model.depth=2",
    ]


def test_an_experiment_with_a_grid_is_a_sweep_without_being_told_so(plan):
    assert plan("sweep: {grid: {seed: [0]}}").sweep is not None


def test_an_experiment_whose_axes_are_all_fixed_is_a_single_run(plan):
    fixed = plan("sweep: {grid: {seed: [0, 1], model.depth: [1, 2]}}", "seed=0", "model.depth=2")
    assert fixed.sweep is None
    assert (fixed.jobs[0].cfg.seed, fixed.jobs[0].cfg.model.depth) == (0, 2)


def test_hydras_mode_makes_a_sweep(plan):
    assert plan("hydra: {mode: MULTIRUN}").sweep is not None


def test_values_without_being_told_that_it_is_a_sweep_are_refused():
    with pytest.raises(ConfigError, match="add `-m`"):
        compose_request(Request(("seed=1,2",)))


def test_jobs_hold_what_was_swept(plan):
    sweep = plan("sweep: {grid: {optimizer: [sgd, adamw], optimizer.lr: [0.1, 0.2]}}")
    found = [(job.choices["optimizer"], job.cfg.optimizer.lr) for job in sweep.jobs]
    assert found == [("sgd", 0.1), ("sgd", 0.2), ("adamw", 0.1), ("adamw", 0.2)]


def test_a_job_holds_nothing_of_the_sweep(plan):
    (job,) = plan("sweep: {grid: {seed: [1]}}").jobs
    assert {"sweep", "hydra"}.isdisjoint(job.cfg)


@pytest.mark.parametrize("value", ["interval(1e-4,1e-1)", "tag(log,interval(1e-4,1e-1))"])
def test_a_range_without_a_search_is_refused_with_what_to_type(value):
    with pytest.raises(ConfigError) as caught:
        typed(f"optimizer.lr={value}")
    assert "add hydra/sweeper=optuna, or take a list such as 0.1,0.2" in str(caught.value)


@pytest.mark.parametrize(
    ("text", "named"),
    [
        ("zip: {seed: [1, 2], model.depth: [1, 2]}", "sweep.zip"),
        ("grid: {seed: [1, 2]}, exclude: [{seed: 1}]", "sweep.exclude"),
        ("grid: {}", "add a range"),
    ],
)
def test_a_search_refuses_what_belongs_to_a_grid(text, named, refusal):
    assert named in refusal(f"sweep: {{{text}}}", "hydra/sweeper=optuna", multirun=True)


def test_a_search_is_checked_at_each_end_of_each_axis(jobs):
    text = "sweep: {grid: {optimizer.lr: 'interval(0.1, 1)', model.depth: [1, 2]}}"
    assert jobs(text, "hydra/sweeper=optuna") == [
        "optimizer.lr=0.1 model.depth=1",
        "optimizer.lr=1.0 model.depth=1",
        "optimizer.lr=0.1 model.depth=2",
    ]


def test_a_search_with_folds_is_checked_with_the_first_of_them(jobs):
    text = "sweep: {grid: {model.depth: [1, 2]}, repeat: {fold: 3}}"
    assert jobs(text, "hydra/sweeper=optuna", "data=blobs") == [
        "model.depth=1 data.split.fold=1/3",
        "model.depth=2 data.split.fold=1/3",
    ]


def test_a_pruner_is_refused_where_a_trial_has_several_jobs(refusal):
    text = "sweep: {grid: {model.depth: [1, 2]}, repeat: {seed: 2}}"
    words = ("hydra/sweeper=optuna", "hydra.sweeper.pruner=median")
    assert "hydra.sweeper.pruner=median: stops single jobs" in refusal(text, *words, multirun=True)


def test_fractions_for_a_whole_number_are_refused_with_what_to_type(leyden):
    result = leyden("train", "-m", "hydra/sweeper=optuna", "model.width=interval(8,64)")
    assert result.status == 2
    assert "type `int(interval(8, 64))`" in result.err


@pytest.mark.parametrize("launcher", ["basic", "joblib", "slurmm"])
def test_other_launchers_are_refused(launcher, leyden, tmp_path):
    result = leyden("train", "-m", "seed=1,2", f"hydra/launcher={launcher}")
    assert result.status == 2
    assert "hydra/launcher" in result.err
    assert not any(tmp_path.iterdir())


@pytest.mark.parametrize("word", ["hydra.launcher.slot=2", "hydra.launcher.slots=0"])
def test_a_bad_key_of_the_launcher_is_refused(word, leyden):
    result = leyden("train", "-m", "seed=1,2", word)
    assert result.status == 2
    assert word.partition("=")[0] in result.err


@pytest.mark.parametrize("word", ["sweep.gird={seed:[1]}", "sweep.retry=-1", "sweep.on_drift=no"])
def test_a_bad_key_of_the_sweep_is_refused(word, leyden):
    result = leyden("train", "-m", "seed=1,2", word)
    assert result.status == 2
    assert word.partition("=")[0] in result.err


def test_a_bad_key_of_a_listed_job_is_refused_with_its_place(plan, leyden, tmp_path):
    plan(LISTED)
    result = leyden("train", "--config-dir", "mine", "experiment=asked")
    assert result.status == 2
    assert "sweep.list[1]" in result.err
    assert "`optimizer.lr`" in result.err


def test_an_unknown_option_of_a_listed_job_is_refused_with_its_place(refusal):
    said = refusal("sweep: {list: [{optimizer: sgd}, {optimizer: sdg}]}")
    assert "optimizer=sdg (sweep.list[1])" in said


def test_all_that_is_wrong_with_all_jobs_is_said_at_once_a_line_each(leyden, tmp_path):
    result = leyden("train", "-m", "optimizer.lr=-1,0.1", "model.depth=1,-1", "model.widht=1")
    errors = [line for line in result.err.splitlines() if line.startswith("error: ")]
    assert result.status == 2
    assert len(errors) == 3
    assert {line.split()[1].partition("=")[0] for line in errors} == {
        "optimizer.lr",
        "model.depth",
        "model.widht",
    }
    assert not any(tmp_path.iterdir())


def axes(**grid):
    return Axes(tuple(Axis((key,), tuple((v,) for v in grid[key]), "here") for key in grid))


grids = st.dictionaries(
    st.sampled_from("abcd"),
    st.lists(st.sampled_from("12345"), min_size=1, max_size=4, unique=True),
    min_size=1,
)


@given(grids)
def test_a_grid_has_as_many_jobs_as_the_product_of_its_lengths(grid):
    assert len(axes(**grid).assignments()) == math.prod(map(len, grid.values()))


@given(
    st.dictionaries(st.sampled_from("abc"), st.lists(st.sampled_from("12"), min_size=1), min_size=1)
)
def test_no_job_is_there_twice(grid):
    found = [tuple(sorted(job.values.items())) for job in axes(**grid).assignments()]
    assert len(found) == len(set(found))


@given(grids, st.dictionaries(st.sampled_from("abcd"), st.sampled_from("12345"), min_size=1))
def test_an_exclusion_removes_exactly_what_matches(grid, excluded):
    every = axes(**grid)
    fewer = Axes(every.grid, excluded=(excluded,))
    left = [job.values for job in every.assignments() if not excluded.items() <= job.values.items()]
    if left:
        assert [job.values for job in fewer.assignments()] == left


@given(grids, st.integers(1, 4))
def test_repetitions_multiply_the_jobs(grid, times):
    every = axes(**grid)
    repeated = Axis(("seed",), tuple((str(i),) for i in range(times)), "here")
    more = Axes(every.grid, repeated=(repeated,))
    assert len(more.assignments()) == times * len(every.assignments())


@given(grids, st.data())
def test_a_fixed_key_divides_the_jobs_by_its_length(grid, data):
    key = data.draw(st.sampled_from(sorted(grid)))
    left = axes(**grid).override({key: "x"}, ())
    assert key not in left.keys
    assert len(left.assignments()) * len(grid[key]) == len(axes(**grid).assignments())


@settings(max_examples=30, deadline=None)
@given(
    st.lists(
        st.one_of(
            st.integers(-1000, 10**7),
            st.floats(1e-9, 1e9),
            st.booleans(),
            st.none(),
        ),
        min_size=1,
        unique_by=repr,
    )
)
def test_a_value_means_the_same_typed_as_in_a_list(values):
    assert [yaml.safe_load(text_of(v)) for v in values if not isinstance(v, float)] == [
        v for v in values if not isinstance(v, float)
    ]
    assert [float(text_of(v)) for v in values if isinstance(v, float)] == [
        v for v in values if isinstance(v, float)
    ]


def test_an_assignment_is_what_would_be_typed():
    assert Assignment({"a": "1", "b": "x"}).overrides() == ["a=1", "b=x"]


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("sweep: {grid: {model.width: [8, 16]}, repeat: {seed: 2}}", ()),
        ("sweep: {grid: {model.width: [8, 16], seed: [0, 1]}}", ()),
        ("", ("model.width=8,16", "seed=0,1")),
        ("sweep: {list: [{model.width: 8, seed: 0}, {model.width: 16, seed: 1}]}", ()),
    ],
)
def test_a_seed_that_is_swept_is_a_repeat_however_it_is_said(plan, text, words):
    assert plan(text, *words, multirun=True).sweep.axes.repeated_keys == ("seed",)
