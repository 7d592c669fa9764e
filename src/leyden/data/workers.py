"""Processes that fetch batches ahead."""

import os
import signal
import threading

NOT_FOR_WORKERS = {
    getattr(signal, name)
    for name in ("SIGINT", "SIGTERM", "SIGHUP", "SIGUSR1", "SIGUSR2")
    if hasattr(signal, name)
}
"""Signals that ask a run to stop. A terminal and `timeout` send them to all processes of its group,
systemd and Slurm to all of a service or a job; a worker that died of one would take with it the
step at hand, and with that the checkpoint."""


def outlast_signals(worker: int) -> None:
    """Lets a worker live until its run has saved; torch ends it then.

    Args:
        worker: Its number; torch's `worker_init_fn` is called with it.
    """
    if not hasattr(signal, "sigwaitinfo"):  # macOS, Windows
        signal.signal(signal.SIGINT, signal.SIG_IGN)
        return
    signal.pthread_sigmask(signal.SIG_BLOCK, NOT_FOR_WORKERS)
    threading.Thread(target=_obey_parent, args=(os.getppid(),), daemon=True).start()


def _obey_parent(parent: int) -> None:
    """Ends this process on a SIGTERM from its parent: so torch ends a worker that hangs."""
    while True:
        said = signal.sigwaitinfo(NOT_FOR_WORKERS)
        if said.si_signo == signal.SIGTERM and said.si_pid == parent:
            os._exit(0)
