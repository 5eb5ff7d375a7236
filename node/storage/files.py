"""The files of a data directory: where the database is, and who may write it.

Exactly one process holds a SQLite database for writing: what two processes would cache of it, neither would hear of
from the other. The lock is the kernel's (flock): it ends with its process, however that ends.
"""

import fcntl
import os
from pathlib import Path

from node.storage.contract import StorageError


def database_in(directory: Path) -> Path:
    """The database file of a data directory."""
    return directory / "commonweave.db"


class Lock:
    """The right to write in a data directory, while it is held."""

    def __init__(self, descriptor: int) -> None:
        self._descriptor: int | None = descriptor

    def release(self) -> None:
        """Let the next process in. The file stays: unlinking it would let two processes hold two locks."""
        if self._descriptor is not None:
            os.close(self._descriptor)
            self._descriptor = None


def hold(directory: Path) -> Lock:
    """Make the directory if need be, private to its user, and take its lock; StorageError if another process has it."""
    try:
        directory.mkdir(mode=0o700, parents=True, exist_ok=True)
        descriptor = os.open(directory / "lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    except OSError as error:
        raise StorageError(f"The data directory {directory} cannot be used: {error.strerror}.") from error
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        # Whom to look for; nobody relies on it.
        os.ftruncate(descriptor, 0)
        os.pwrite(descriptor, f"{os.getpid()}\n".encode(), 0)
    except OSError as error:
        holder = os.pread(descriptor, 20, 0).decode(errors="replace").strip() or "unknown"
        os.close(descriptor)
        if not isinstance(error, BlockingIOError):
            raise StorageError(f"The lock in {directory} cannot be taken: {error.strerror}.") from error
        raise StorageError(
            f"The data directory {directory} is in use by another process ({holder}): stop that one first, "
            "or configure PostgreSQL if you want to run several."
        ) from error
    return Lock(descriptor)


def create_private(path: Path) -> None:
    """Make an empty file that only its user can read, unless it exists: it will hold members and sessions."""
    os.close(os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600))
