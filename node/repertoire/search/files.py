"""The index's files: opened, written, committed, and thrown away where they are not to be trusted.

One folder for each process that runs over a data directory, held by a lock of the kernel's; none of them is worth a
backup. How far the changes of the database are in it stands beside it, written after each commit: after a crash the
last few are taken in once more, which changes nothing. Blocking: for a thread.
"""

import fcntl
import os
import shutil
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any, TypeVar

import msgspec
import tantivy

from node.repertoire.changes import START, Cursor
from node.repertoire.search import schema

T = TypeVar("T")

FOLDER = "search"
_STATE = "state.json"
_PLACES = 64  # processes over one data directory
_HEAP = 40_000_000  # bytes of words that wait for a segment


class IndexBroken(Exception):
    """The index cannot be used as it is. The sentence is for the log."""


class _State(msgspec.Struct, frozen=True):
    format: int
    changed: int
    key: int


class Place:
    """A folder that is this process's alone."""

    def __init__(self, path: Path, descriptor: int) -> None:
        self.path = path
        self._descriptor = descriptor

    def release(self) -> None:
        if self._descriptor >= 0:
            os.close(self._descriptor)
            self._descriptor = -1


def take(directory: Path) -> Place:
    """The first folder of a data directory that no process holds; IndexBroken if there is none to be had."""
    try:
        for number in range(_PLACES):
            path = directory / FOLDER / str(number)
            path.mkdir(mode=0o700, parents=True, exist_ok=True)
            descriptor = os.open(path / "lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
            try:
                fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                os.close(descriptor)
                continue
            return Place(path, descriptor)
    except OSError as error:
        raise IndexBroken(f"{directory / FOLDER} cannot be used: {error.strerror or error}") from error
    raise IndexBroken(f"all {_PLACES} folders in {directory / FOLDER} are in use")


class Index:
    """An open index, made by `reopen` or `begin`. Whatever it does raises IndexBroken if its files are damaged."""

    def __init__(self, place: Path, index: tantivy.Index, cursor: Cursor) -> None:
        self._place = place
        self._index = schema.teach(index)
        self._schema = index.schema
        self.cursor = cursor
        self.kept: dict[Any, Any] = {}  # counts that whoever asked has left here, good until the next commit
        self._writer = _guarded(lambda: index.writer(heap_size=_HEAP, num_threads=1))
        _guarded(lambda: index.config_reader(reload_policy="manual"))
        self._seen = _guarded(self._fresh)

    @property
    def fields(self) -> tantivy.Schema:
        return self._schema

    @property
    def searcher(self) -> tantivy.Searcher:
        """What is committed, as it was after the last commit."""
        return self._seen

    @property
    def size(self) -> int:
        """How many items can be found."""
        return self._seen.num_docs

    def put(self, documents: Iterable[dict[str, Any]], gone: Iterable[int]) -> None:
        """Take in items as they are now, and let go of others, by their keys."""

        document: Any = tantivy.Document  # its methods take any dictionary, and are typed as if they took none

        def write() -> None:
            made = list(documents)
            # Whoever was taken in before the last crash is here already. By query: of a number, the library makes
            # another term to delete than to find.
            keys = [*gone, *(one["key"] for one in made)]
            if keys:
                self._writer.delete_documents_by_query(tantivy.Query.term_set_query(self._schema, "key", keys))
            for one in made:
                self._writer.add_document(document.from_dict(one, self._schema))

        _guarded(write)

    def commit(self, cursor: Cursor) -> None:
        """Everything up to the cursor can be found, and is known to be here after a crash."""
        _guarded(self._writer.commit)
        self._seen = _guarded(self._fresh)
        self.cursor, self.kept = cursor, {}
        state = msgspec.json.encode(_State(schema.FORMAT, cursor.changed, cursor.key))
        try:
            (self._place / "state.new").write_bytes(state)
            (self._place / "state.new").replace(self._place / _STATE)
        except OSError as error:
            raise IndexBroken(f"the index in {self._place} cannot be written: {error}") from error

    def _fresh(self) -> tantivy.Searcher:
        self._index.reload()
        return self._index.searcher()

    def close(self) -> None:
        """Finish what is being merged. What was not committed is lost, and is taken in again."""
        _guarded(self._writer.wait_merging_threads)


def reopen(place: Path) -> Index | None:
    """The index as it was left; None if there is none of this FORMAT. IndexBroken if there is one, but damaged."""
    try:
        state = msgspec.json.decode((place / _STATE).read_bytes(), type=_State)
    except FileNotFoundError:
        return None
    except (OSError, msgspec.MsgspecError) as error:
        raise IndexBroken(f"{place / _STATE} cannot be read: {error}") from error
    if state.format != schema.FORMAT:
        return None
    files = str(place / "files")
    return Index(place, _guarded(lambda: tantivy.Index.open(files)), Cursor(state.changed, state.key))


def begin(place: Path) -> Index:
    """An empty index, instead of whatever was there."""
    try:
        (place / _STATE).unlink(missing_ok=True)
        shutil.rmtree(place / "files", ignore_errors=True)
        (place / "files").mkdir(mode=0o700)
    except OSError as error:
        raise IndexBroken(f"{place} cannot be emptied: {error}") from error
    return Index(place, _guarded(lambda: tantivy.Index(schema.build(), str(place / "files"))), START)


def guarded(work: Callable[[], T]) -> T:
    """What work gives; IndexBroken for whatever the index's library raises."""
    return _guarded(work)


def _guarded(work: Callable[[], T]) -> T:
    try:
        return work()
    except (ValueError, OSError, RuntimeError, SystemError, LookupError) as error:
        raise IndexBroken(f"the index does not work: {error}") from error
    except BaseException as error:
        # The library's own panics are no Exception.
        if type(error).__name__ == "PanicException":
            raise IndexBroken(f"the index does not work: {error}") from error
        raise
