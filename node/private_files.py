"""Files that only the node's own user may read, each written whole or not at all.

Knows nothing of what is in them. A write is a temporary file beside the target, flushed to the disk, then moved into
place, then the folder flushed: after a power cut there is the old content or the new, never half (rename(2), fsync(2)).
"""

import os
import stat
import tempfile
from pathlib import Path

FILE_MODE = 0o600
FOLDER_MODE = 0o700
_OTHERS = 0o077


class PrivateFileError(Exception):
    """A private file cannot be used. The text is one sentence for the operator, with what to do; never content."""


def make_folder(path: Path) -> None:
    """Make a folder, with its parents, that only its user can enter; an existing one is left as it is."""
    try:
        path.mkdir(mode=FOLDER_MODE, parents=True, exist_ok=True)
    except OSError as error:
        raise PrivateFileError(f"The folder {path} cannot be made: {error.strerror}.") from error


def write(path: Path, data: bytes) -> None:
    """Put `data` at `path`, replacing what is there. PrivateFileError if the disk refuses."""
    try:
        temporary = _prepare(path, data)
        try:
            temporary.replace(path)
        except OSError:
            temporary.unlink()
            raise
        _flush_folder(path.parent)
    except OSError as error:
        raise PrivateFileError(f"{path} cannot be written: {error.strerror}.") from error


def create(path: Path, data: bytes) -> None:
    """Put `data` at `path`, where nothing may be yet. PrivateFileError if something is, or if the disk refuses."""
    try:
        temporary = _prepare(path, data)
        try:
            os.link(temporary, path)  # unlike rename, a link never replaces
        finally:
            temporary.unlink()
        _flush_folder(path.parent)
    except FileExistsError as error:
        raise PrivateFileError(f"{path} is there already and is not replaced.") from error
    except OSError as error:
        raise PrivateFileError(f"{path} cannot be written: {error.strerror}.") from error


def read(path: Path) -> bytes:
    """The content. PrivateFileError if it is missing, is a symbolic link, or others may read it."""
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC | os.O_NOFOLLOW)
    except OSError as error:
        raise PrivateFileError(f"{path} cannot be read: {error.strerror}.") from error
    with os.fdopen(descriptor, "rb") as file:
        _refuse_open_mode(path, os.fstat(file.fileno()))
        return file.read()


def destroy(path: Path) -> None:
    """Overwrite, flush and remove a file. A disk that remaps its blocks may keep the old ones: encrypt such a disk."""
    try:
        with path.open("r+b", buffering=0) as file:
            file.write(bytes(os.fstat(file.fileno()).st_size))
            os.fsync(file.fileno())
        path.unlink()
        _flush_folder(path.parent)
    except OSError as error:
        raise PrivateFileError(f"{path} cannot be destroyed: {error.strerror}.") from error


def check(path: Path) -> None:
    """PrivateFileError, with the command that mends it, if others than its user may read, write or enter `path`."""
    try:
        _refuse_open_mode(path, path.lstat())
    except OSError as error:
        raise PrivateFileError(f"{path} cannot be used: {error.strerror}.") from error


def _refuse_open_mode(path: Path, found: os.stat_result) -> None:
    if stat.S_ISLNK(found.st_mode):
        raise PrivateFileError(f"{path} is a symbolic link; put the file itself there.")
    if found.st_mode & _OTHERS:
        mode = FOLDER_MODE if stat.S_ISDIR(found.st_mode) else FILE_MODE
        raise PrivateFileError(f"Other users of this machine can read {path}: run  chmod {mode:o} {path}")


def _prepare(path: Path, data: bytes) -> Path:
    descriptor, name = tempfile.mkstemp(dir=path.parent, prefix=".new-")  # mode 0600 from the first moment
    temporary = Path(name)
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
    except OSError:
        temporary.unlink()
        raise
    return temporary


def _flush_folder(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
