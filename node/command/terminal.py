"""What every command says things with: the terminal, the one option they share, and how a command ends."""

from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

# No markup: names and sentences come from people and from other nodes, brackets and all.
out = Console(highlight=False, soft_wrap=True, markup=False)
err = Console(stderr=True, highlight=False, soft_wrap=True, markup=False)

Data = Annotated[Path, typer.Option("--data", help="The node's data directory.")]


class Stop(Exception):
    """Ends a command with a sentence."""


def program() -> str:
    """How to call this command from where its user stands."""
    local = Path(".venv/bin/commonweave")
    return str(local) if local.exists() else "commonweave"


def fail(sentence: str) -> "typer.Exit":
    """One sentence on standard error, and exit status 1."""
    err.print(sentence)
    return typer.Exit(1)
