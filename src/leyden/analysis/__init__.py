"""Questions about runs: what differs, whether a run can be repeated, what it would cost."""
