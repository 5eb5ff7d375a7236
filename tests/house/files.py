"""Which files the rules are about: those that git tracks or would track, so that a rule binds before the commit."""

import ast
import subprocess
from functools import lru_cache
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
_SKIPPED = {".git", ".venv", "data", "demo-data", "node_modules"}


@lru_cache(maxsize=1)
def tracked() -> tuple[Path, ...]:
    """Every file of the project; from git, or, in an unpacked release, from the disk."""
    try:
        listed = subprocess.run(
            ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
            cwd=ROOT, check=True, capture_output=True,
        )  # fmt: skip
        paths = [ROOT / name for name in listed.stdout.decode().split("\0") if name]
    except (OSError, subprocess.CalledProcessError):
        paths = [path for path in ROOT.rglob("*") if not _SKIPPED & set(path.relative_to(ROOT).parts)]
    return tuple(sorted(path for path in paths if path.is_file()))


def python_files(*folders: str) -> tuple[Path, ...]:
    """The Python files in the given top folders."""
    return tuple(path for path in tracked() if path.suffix == ".py" and path.relative_to(ROOT).parts[0] in folders)


def name(path: Path) -> str:
    """The path as people say it."""
    return str(path.relative_to(ROOT))


@lru_cache(maxsize=1024)
def tree(path: Path) -> ast.Module:
    """The syntax tree of a Python file."""
    return ast.parse(path.read_text(encoding="utf-8"), filename=str(path))
