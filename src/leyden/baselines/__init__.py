"""Baselines: what simple models reach on the data of a run, beside which its result is read.

Each is fitted on the training part and scored on the validation and test part, by the metrics of
the run's task. The trivial ones see no inputs. They depend on the data alone.
"""
