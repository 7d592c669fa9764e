"""A trial can be taken up by another process."""

import optuna

from leyden.compat.optuna import storage_id, take_up


def test_what_is_reported_to_a_trial_that_was_taken_up_is_the_trials():
    study = optuna.create_study()
    study.ask()
    (found,) = study.trials
    take_up(study, found).report(0.5, step=3)
    assert study.trials[0].intermediate_values == {3: 0.5}
    assert study._storage.get_trial(storage_id(found)).number == found.number
