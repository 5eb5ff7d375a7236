"""Rules about what the code may do: who makes Verified, who asks the time, who is allowed chance."""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.house.files import name, python_files, tree

CODE = python_files("node", "protocol")

# Time and ids come in as arguments, so that a test can say them. Chance is for keys, and for what must not be guessed.
TIME = {
    "time.time", "time.time_ns", "datetime.now", "datetime.utcnow", "datetime.today", "date.today",
    "datetime.datetime.now", "datetime.datetime.utcnow", "datetime.date.today", "uuid.uuid4", "uuid.uuid1",
}  # fmt: skip
TIME_IN = {"node/clock.py"}
CHANCE_IN = {
    "node/app.py",  # hands chance to those that take it as an argument
    "node/clock.py",  # new ids
    "node/coalition/people/links.py",  # the secrets of links and tokens
    "node/keystore.py",  # the secret of the API's tokens
    "protocol/keys.py",  # new keys
    "node/web/session.py",  # session ids
    "node/web/forms.py",  # form tokens
}
MAY_DAWDLE = {
    "tests/federation/hostile.py",  # an evil peer, whose slowness is what is tested
    "tests/cluster/kit.py",  # settle() looks again until what must come true is so: the one way a story waits
    "tests/bench/searching.py",  # it measures what a worker does by itself, and has to let it
}
CHANCE = {"secrets", "random", "uuid"}


def dotted(node: ast.expr) -> str:
    """`a.b.c` of a chain of names, else the empty text."""
    if isinstance(node, ast.Name):
        return node.id
    if isinstance(node, ast.Attribute):
        before = dotted(node.value)
        return f"{before}.{node.attr}" if before else ""
    return ""


def modules(path: Path) -> Iterator[str]:
    """The top name of every module that a file imports."""
    for node in ast.walk(tree(path)):
        if isinstance(node, ast.Import):
            yield from (alias.name.partition(".")[0] for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            yield node.module.partition(".")[0]


def made(path: Path, wanted: str) -> list[int]:
    """The lines on which a file calls `wanted`, also through a module or with a type argument."""
    lines: list[int] = []
    for node in ast.walk(tree(path)):
        if isinstance(node, ast.Call):
            called = node.func.value if isinstance(node.func, ast.Subscript) else node.func
            if dotted(called).rpartition(".")[2] == wanted:
                lines.append(node.lineno)
    return lines


@pytest.mark.parametrize("path", CODE, ids=name)
def test_only_integrity_makes_verified(path: Path) -> None:
    if name(path) == "protocol/integrity.py":
        return
    lines = made(path, "Verified")
    assert not lines, f"{name(path)}:{lines} makes a Verified: only what integrity.verify has checked may be one"


@pytest.mark.parametrize("path", CODE, ids=name)
def test_time_is_an_argument(path: Path) -> None:
    if name(path) in TIME_IN:
        return
    lines = [
        f"{node.lineno} {dotted(node)}"
        for node in ast.walk(tree(path))
        if isinstance(node, ast.Attribute) and dotted(node) in TIME
    ]
    imported = [
        f"{node.lineno} from time import {alias.name}"
        for node in ast.walk(tree(path))
        if isinstance(node, ast.ImportFrom) and node.module == "time"
        for alias in node.names
    ]
    assert not lines + imported, (
        f"{name(path)}:{lines + imported} asks the machine's clock: take the time as an argument"
    )


@pytest.mark.parametrize("path", CODE, ids=name)
def test_chance_is_rare(path: Path) -> None:
    if name(path) in CHANCE_IN:
        return
    found = CHANCE & set(modules(path))
    assert not found, f"{name(path)} imports {found}: take the id or the chance as an argument, or name the file here"


@pytest.mark.parametrize("path", CODE, ids=name)
def test_structs_are_frozen(path: Path) -> None:
    thawed = [
        f"{node.lineno} {node.name}"
        for node in ast.walk(tree(path))
        if isinstance(node, ast.ClassDef)
        and any(dotted(base).rpartition(".")[2] == "Struct" for base in node.bases)
        and not any(
            keyword.arg == "frozen" and isinstance(keyword.value, ast.Constant) and keyword.value.value is True
            for keyword in node.keywords
        )
    ]
    assert not thawed, f"{name(path)}:{thawed} can be changed after it was checked: frozen=True"


@pytest.mark.parametrize("path", python_files("protocol"), ids=name)
def test_the_language_touches_nothing(path: Path) -> None:
    does = {"aiohttp", "apsw", "asyncio", "node", "os", "pathlib", "socket", "sqlite3", "subprocess", "threading"}
    assert not does & set(modules(path)), f"{name(path)}: protocol is pure, usable by anyone"


@pytest.mark.parametrize("path", python_files("tests"), ids=name)
def test_no_test_sleeps(path: Path) -> None:
    """A test waits for what happens, never for a while; sleep(0) only yields to the loop."""
    if name(path) in MAY_DAWDLE:
        return
    lines = [
        node.lineno
        for node in ast.walk(tree(path))
        if isinstance(node, ast.Call)
        and dotted(node.func) in {"time.sleep", "asyncio.sleep", "sleep"}
        and not (node.args and isinstance(node.args[0], ast.Constant) and node.args[0].value == 0)
    ]
    assert not lines, f"{name(path)}:{lines} sleeps: wait for the event, or move the clock"


def test_the_rules_bite(tmp_path: Path) -> None:
    """A rule that finds nothing anywhere may be looking at nothing."""
    path = tmp_path / "sample.py"
    path.write_text("import integrity\nx = integrity.Verified[int](1)\ny = Verified(2)\nz = unVerified(3)\n")
    assert made(path, "Verified") == [2, 3]
    path.write_text('"""Law."""\nfrom secrets import token_bytes\nimport os.path\n')
    tree.cache_clear()
    assert list(modules(path)) == ["secrets", "os"]
