"""Rules about whole files: their size, their law, their names, and what no file may say."""

import ast
import re

import pytest

from protocol import limits
from tests.house.files import ROOT, name, python_files, tracked, tree

LINES = 400
NO_SUBJECT = {"utils", "util", "helpers", "helper", "manager", "managers", "common", "misc"}

# Written backwards, so that this file does not contain what it looks for.
REGISTRIES = tuple(
    name[::-1]
    for name in (
        "gro.ipyp", "gro.detsohnohtyp", "gro.sjmpn", "moc.sjmpn", "oi.setarc",
        "gro.smegybur", "oi.rekcod", "oi.rchg", "oi.yauq", "gro.gnalog.yxorp",
        "ten.rviledsj", "moc.gkpnu", "moc.gkpnray",
    )
)  # fmt: skip
REGISTRY = re.compile("|".join(rf"\b{re.escape(host)}\b" for host in REGISTRIES), re.IGNORECASE)


@pytest.mark.parametrize("path", python_files("node", "protocol", "tests"), ids=name)
def test_a_file_is_one_subject(path) -> None:
    lines = len(path.read_text(encoding="utf-8").splitlines())
    assert lines <= LINES, f"{name(path)} has {lines} lines: it is two subjects; part them"


@pytest.mark.parametrize("path", python_files("node", "protocol", "tests"), ids=name)
def test_a_file_opens_with_its_law(path) -> None:
    if path.name == "__init__.py" and not path.read_text(encoding="utf-8").strip():
        return  # an empty package file says nothing and does nothing
    assert ast.get_docstring(tree(path)), f"{name(path)} does not open with what it owns and never does"


@pytest.mark.parametrize("path", python_files("node", "protocol", "tests"), ids=name)
def test_names_say_the_subject(path) -> None:
    parts = {part.removesuffix(".py").removeprefix("test_") for part in path.relative_to(ROOT).parts}
    assert not parts & NO_SUBJECT, f"{name(path)}: the name says nothing of its subject"


def test_no_file_names_a_package_registry() -> None:
    found: list[str] = []
    for path in tracked():
        try:
            text = path.read_text(encoding="utf-8")
        except UnicodeDecodeError:
            continue
        found += [f"{name(path)}:{number}" for number, line in enumerate(text.splitlines(), 1) if REGISTRY.search(line)]
    assert not found, "a host of a package registry stands in " + ", ".join(found)


def test_every_limit_has_its_reason() -> None:
    path = ROOT / "protocol" / "limits.py"
    lines = path.read_text(encoding="utf-8").splitlines()
    units = {"SECOND", "MINUTE", "HOUR", "DAY"}
    bare: list[str] = []
    reason_above = False
    for number, line in enumerate(lines):
        found = re.match(r"([A-Z][A-Z0-9_]*)\b[^=]*=", line)
        if found is None:
            # A comment gives the reason of the lines directly below it, up to the next empty line.
            reason_above = line.startswith("#") or (reason_above and bool(line.strip()))
            continue
        if found[1] in units or "#" in line or reason_above:
            continue
        bare.append(f"{name(path)}:{number + 1} {found[1]}")
    assert hasattr(limits, "BODY_BYTES")
    assert not bare, "a limit without its reason: " + ", ".join(bare)
