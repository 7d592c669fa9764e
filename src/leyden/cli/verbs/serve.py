"""`leyden serve`: a run's model over HTTP."""

import argparse
import ipaddress
import os
import socket
from pathlib import Path

from leyden.cli.parser import Parser, Verbs, add_verb, real, whole
from leyden.errors import ConfigError, Problem

HOSTS = ("127.0.0.1", "0.0.0.0")
MEGABYTE = 2**20


def add_verbs(verbs: "Verbs[Parser]") -> None:
    """Adds `serve`."""
    parser = add_verb(
        verbs,
        "serve",
        serve,
        usage="RUN [--port N] [--host 0.0.0.0 --token TOKEN] [--max-waiting N] [--max-megabytes N]"
        " | RUN --dockerfile [DIR]",
        description="Answers POST /predict, or of a language model POST /generate, with a page to"
        " try it, /health, /docs and /metrics, until Ctrl-C.",
    )
    add = parser.add_argument
    add("source", metavar="RUN", type=Path, help="a run's folder")
    add("--host", choices=HOSTS, default=HOSTS[0], help="default: this machine alone")
    add("--port", type=whole(1024), metavar="N", help="default: a free one")
    add(
        "--token",
        default=os.environ.get("LEYDEN_TOKEN"),
        help="needed for other hosts: `Authorization: Bearer TOKEN`; default: $LEYDEN_TOKEN",
    )
    add("--max-waiting", type=whole(1), default=256, metavar="N", help="default: 256")
    add("--max-megabytes", type=whole(1), default=16, metavar="N", help="of a body; default: 16")
    add("--timeout", type=real(0), default=30.0, metavar="SECONDS", help="default: 30")
    add(
        "--dockerfile",
        nargs="?",
        const="",
        metavar="DIR",
        help="serve nothing: write what `docker build` needs, by default into RUN/docker",
    )


def serve(options: argparse.Namespace) -> int:
    """Serves a run, and prints its address when it is ready."""
    if options.dockerfile is not None:
        return dockerfile(options)
    if not ipaddress.ip_address(options.host).is_loopback and not options.token:
        message = "is reached by others; type --token TOKEN, which their requests must show"
        raise ConfigError([Problem("--host", message, options.host)])
    require_litserve()
    from leyden.cli.console import print_text
    from leyden.distributed.job import free_port
    from leyden.inference.serving.gate import Limits
    from leyden.inference.serving.server import serve as run_server

    if options.port is not None:
        require_free(options.host, options.port)
    limits = Limits(options.token, options.max_megabytes * MEGABYTE, options.max_waiting)
    run_server(
        options.source,
        host=options.host,
        port=options.port or free_port(),
        limits=limits,
        timeout=options.timeout,
        on_ready=lambda address: print_text(f"{address}\n"),
    )
    return 0


def require_litserve() -> None:
    """Raises `ConfigError` where the extra `serve` is missing."""
    try:
        import litserve  # noqa: F401
        import prometheus_client  # noqa: F401
    except ModuleNotFoundError as error:
        message = f"needs {error.name} of the extra `serve`: pip install 'leyden[serve]'"
        raise ConfigError([Problem("leyden serve", message)]) from error


def dockerfile(options: argparse.Namespace) -> int:
    """Writes a folder for `docker build`, and prints its path."""
    require_litserve()
    from leyden.cli.console import print_path
    from leyden.inference.serving.dockerfile import write_dockerfile

    output = Path(options.dockerfile) if options.dockerfile else options.source / "docker"
    write_dockerfile(options.source, output)
    print_path(str(output))
    return 0


def require_free(host: str, port: int) -> None:
    """Raises `ConfigError` where another program listens already."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError as error:
            message = "is in use; type another one, or leave it out for a free one"
            raise ConfigError([Problem("--port", message, str(port))]) from error
