"""The processes of a run on this machine meet on its loopback interface, where no other can listen.

Left to itself torch listens on all interfaces: whoever reaches the machine could join in.
"""

import os
import socket
from datetime import timedelta

ADDRESS = "127.0.0.1"


def use_loopback() -> None:
    """Keeps the libraries by which processes exchange tensors to the loopback interface."""
    names = {name for _, name in socket.if_nameindex()}
    loopback = next((name for name in ("lo", "lo0") if name in names), None)  # lo0: macOS
    if loopback is not None:
        os.environ["GLOO_SOCKET_IFNAME"] = os.environ["NCCL_SOCKET_IFNAME"] = loopback


def join(*, rank: int, world_size: int, port: int, timeout: float) -> None:
    """Meets the other processes; Lightning takes what it finds.

    Args:
        rank: Rank of this process, from 0 on; the first one listens.
        world_size: Number of the processes.
        port: Port where the first process listens.
        timeout: Seconds that they wait for each other, now and later.
    """
    from torch import cuda, distributed

    from leyden.compat.torch import loopback_store

    use_loopback()
    patience, is_first = timedelta(seconds=timeout), rank == 0
    listener = socket.create_server((ADDRESS, port)) if is_first else None
    store = loopback_store(
        address=ADDRESS,
        port=port,
        world_size=world_size,
        is_first=is_first,
        timeout=patience,
        file=None if listener is None else listener.detach(),
    )
    # Named, because Lightning asks for its name before it takes a mean, which gloo does not do.
    backend = None if cuda.is_available() else "gloo"
    distributed.init_process_group(
        backend, store=store, rank=rank, world_size=world_size, timeout=patience
    )
