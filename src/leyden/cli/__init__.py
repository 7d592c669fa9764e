"""The command line: verbs, tables, messages, exit codes. Only this folder writes to a terminal."""

from leyden.cli.command import main

__all__ = ["main"]
