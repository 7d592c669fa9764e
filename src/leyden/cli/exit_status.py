"""The exit codes of the command line."""

DONE, FAILED, WRONG_REQUEST, FAILED_JOBS = 0, 1, 2, 3

OF_STATUS = {"completed": 0, "diverged": 4, "interrupted": 75}
"""By the status of a run; any other is `FAILED`."""

OF_SWEEP = {"completed": 0, "failed": FAILED_JOBS}
"""By the status of a sweep; any other is that of an interrupted run."""
