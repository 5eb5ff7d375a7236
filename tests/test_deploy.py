"""What an operator is told to copy: it is of the form its program wants, and agrees with the README."""

import os
import re
import shutil
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
DEPLOY = ROOT / "deploy"
UNIT = (DEPLOY / "commonweave.service").read_text(encoding="utf-8")
README = (ROOT / "README.md").read_text(encoding="utf-8")


@pytest.mark.skipif(shutil.which("systemd-analyze") is None, reason="systemd is not here")
@pytest.mark.parametrize("name", ["commonweave.service", "commonweave@.service", "commonweave-worker@.service"])
def test_systemd_takes_the_unit(tmp_path: Path, name: str) -> None:
    """Without one word of complaint, once the program it names is one that is here."""
    unit = tmp_path / name.replace("@", "@1")
    text = (DEPLOY / name).read_text(encoding="utf-8")
    unit.write_text(
        text.replace("/opt/commonweave/.venv/bin/python", "/bin/true").replace("file:///opt/commonweave", "file:///opt")
    )
    found = subprocess.run(["systemd-analyze", "verify", "--man=no", str(unit)], capture_output=True, text=True)
    if "System has not been booted" in found.stderr or "Failed to connect to bus" in found.stderr:
        pytest.skip("systemd-analyze cannot work here")
    assert (found.returncode, found.stderr) == (0, "")


def test_the_template_is_the_unit_but_for_its_name() -> None:
    differing = differ((DEPLOY / "commonweave@.service").read_text(encoding="utf-8"), UNIT)
    assert len(differing) == 3
    assert "ExecStart=" not in "".join(differing)


def test_the_worker_is_the_template_but_for_its_name_and_its_command() -> None:
    template, worker = (
        (DEPLOY / name).read_text(encoding="utf-8") for name in ("commonweave@.service", "commonweave-worker@.service")
    )
    differing = differ(worker, template)
    assert len(differing) == 3
    assert differing[-1] == "ExecStart=/opt/commonweave/.venv/bin/python -m node work --data /var/lib/commonweave"


def differ(text: str, other: str) -> list[str]:
    """The lines of a text that the other has not."""
    return [line for line in text.splitlines() if line not in other.splitlines()]


def test_the_unit_says_what_the_readme_says() -> None:
    for path in ("/opt/commonweave", "/var/lib/commonweave"):
        assert path in UNIT
        assert path in README
    assert "run --data /var/lib/commonweave" in UNIT


def test_the_caddyfile_is_three_lines() -> None:
    lines = (ROOT / "deploy" / "Caddyfile").read_text(encoding="utf-8").splitlines()
    assert len(lines) == 3
    assert "127.0.0.1:8420" in lines[1]


@pytest.mark.skipif(shutil.which("caddy") is None, reason="Caddy is not here")
@pytest.mark.parametrize("name", ["Caddyfile", "Caddyfile.replicas"])
def test_caddy_takes_the_caddyfile(name: str) -> None:
    given = {**os.environ, "COMMONWEAVE_HOST": "coalition.example.org", "COMMONWEAVE_UPSTREAM": "node"}
    arguments = ["caddy", "validate", "--adapter", "caddyfile", "--config", str(ROOT / "deploy" / name)]
    found = subprocess.run(arguments, capture_output=True, text=True, env=given)
    assert "Valid configuration" in found.stdout + found.stderr


def test_many_processes_in_containers_are_the_one_node_with_a_database() -> None:
    """What the second compose file names is what the first one and the image have."""
    one, many, image = (
        (ROOT / "deploy" / name).read_text(encoding="utf-8")
        for name in ("compose.yaml", "compose.postgres.yaml", "Dockerfile")
    )
    services = re.findall(r"^  (\w+):$", many.partition("services:")[2].partition("\nnetworks:")[0], re.MULTILINE)
    assert services == ["node", "proxy", "postgres"]
    assert re.search(r"^name: (\w+)$", one, re.MULTILINE)[0] in many  # pyright: ignore[reportOptionalSubscript]
    proxy = (ROOT / "deploy" / "Caddyfile.replicas").read_text(encoding="utf-8")
    [port] = re.findall(r"--listen\", \"0\.0\.0\.0:(\d+)", image)
    assert f"dynamic a {{$COMMONWEAVE_UPSTREAM:node}} {port} {{" in proxy
    # Mounted at the same place, so that it stands instead of the other.
    [target] = re.findall(r"\./Caddyfile(:\S+)", one)
    assert f"./Caddyfile.replicas{target}" in many
    assert "ports:" not in many.partition("postgres:\n")[2]  # nobody outside reaches the database
    assert one.count("- data:/data") == 1  # one volume of settings and keys for every process


@pytest.mark.parametrize(
    "document",
    ["README.md", "CONTRIBUTING.md", "CHANGELOG.md", "FEDERATION.md", "deploy/UPGRADE.md", "deploy/SCALING.md"],
)
def test_links_lead_somewhere(document: str) -> None:
    path = ROOT / document
    targets = re.findall(r"\]\(([^)#\s]+)", path.read_text(encoding="utf-8"))
    absent = [each for each in targets if "://" not in each and not (path.parent / each).exists()]
    assert not absent


@pytest.mark.skipif(shutil.which("make") is None, reason="make is not here")
@pytest.mark.parametrize("name", ["Casa $HOME", "$(HOME) $$ ${X}", "a 'b' \"c\" `d` \\ # é", "100 %"])
def test_a_name_may_contain_any_character(name: str) -> None:
    more = 'show:\n\t@printf %s "$$NAME"\n'
    words = ["make", "-s", "-f", "Makefile", "-f", "-", "show"]
    for given in ([*words, f"NAME={name}"], words):
        surroundings = {"PATH": os.environ["PATH"], "HOME": "/root", **({"NAME": name} if given is words else {})}
        made = subprocess.run(given, input=more, cwd=ROOT, env=surroundings, capture_output=True, text=True)
        assert (made.stdout, made.stderr) == (name, "")


def test_every_target_of_make_that_the_documents_name_exists() -> None:
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    targets = set(re.findall(r"^([a-z]+):", makefile, re.MULTILINE))
    named: set[str] = set()
    for document in ("README.md", "CONTRIBUTING.md", "deploy/UPGRADE.md", "deploy/SCALING.md"):
        named |= set(re.findall(r"\bmake ([a-z]+)\b(?=[`\s])", (ROOT / document).read_text(encoding="utf-8")))
    named -= {"a"}  # "make a node"
    assert named <= targets
