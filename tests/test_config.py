"""Settings: what is allowed, what a wrong one is told, and that each is documented."""

import re
import stat
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from node import config
from node.config import Settings, SettingsError

README = Path(__file__).resolve().parent.parent / "README.md"
HERE = 'origin = "https://highpoint.example"\n'


def test_only_the_origin_is_required() -> None:
    settings = config.parse(HERE, "config.toml")
    assert settings == Settings(origin="https://highpoint.example")
    assert (settings.listen, settings.admission, settings.language) == ("127.0.0.1:8420", "block", "en")
    assert settings.secure
    assert settings.socket == ("127.0.0.1", 8420)


@pytest.mark.parametrize("name", sorted(config.described()))
def test_every_setting_is_documented(name: str) -> None:
    setting = config.described()[name]
    assert setting.description.endswith(".")
    assert setting.allowed
    rows = [line for line in README.read_text(encoding="utf-8").splitlines() if line.startswith(f"| `{name}` |")]
    assert len(rows) == 1, f"README.md has no row for the setting {name}"
    said = rows[0].replace("`", "")
    assert setting.description.replace("`", "") in said, f"README.md explains {name} in other words than node/config.py"
    if setting.default:
        assert str(setting.default) in said, f"README.md gives another default of {name}"


def test_readme_names_no_setting_that_does_not_exist() -> None:
    table = README.read_text(encoding="utf-8").split("## Settings", 1)[1].split("\n## ", 1)[0]
    assert set(re.findall(r"^\| `([a-z_]+)` \|", table, re.MULTILINE)) == set(config.described())


@pytest.mark.parametrize(
    ("text", "names"),
    [
        ("", ["origin", "missing", "https://"]),
        ("origin = 3", ["origin", "3", "text in quotes"]),
        ('origin = "highpoint.example"', ["origin", "highpoint.example", "https://example.org"]),
        ('origin = "http://highpoint.example"', ["origin", "https", "clear"]),
        ('origin = "https://highpoint.example/x"', ["origin", "no path"]),
        ('origin = "https://a@highpoint.example"', ["origin", "user information"]),
        ('origin = "https://127.1"', ["origin", "127.1"]),
        (HERE + 'origins = "x"', ["origins", "there is no setting", "admission"]),
        (HERE + 'listen = "8420"', ["listen", "8420", "host:port"]),
        (HERE + 'listen = "127.0.0.1:99999"', ["listen", "99999", "host:port"]),
        (HERE + 'admission = "closed"', ["admission", "closed", "allow-list"]),
        (HERE + "admission = true", ["admission", "True"]),
        (HERE + 'allowed_hosts = "example.org"', ["allowed_hosts", "list of hosts"]),
        (HERE + "blocked_hosts = [1]", ["blocked_hosts", "list of hosts"]),
        (HERE + 'blocked_hosts = ["https://bad.example"]', ["blocked_hosts", "https://bad.example"]),
        (HERE + 'blocked_hosts = ["bad.example/x"]', ["blocked_hosts", "such as bad.example"]),
        (HERE + 'blocked_hosts = ["bad example"]', ["blocked_hosts", "bad example"]),
        (HERE + 'allow_peers = ["127.0.0.1"]', ["allow_peers", "127.0.0.1", "host:port"]),
        (HERE + 'language = "English"', ["language", "English", "such as en"]),
        (HERE + 'contact = "a\\nb"', ["contact", "one line"]),
        (HERE + 'database = "mysql"', ["database", "mysql", "sqlite"]),
        (HERE + "listen = ", ["config.toml", "not TOML"]),
    ],
)
def test_a_wrong_setting_is_named(text: str, names: list[str]) -> None:
    with pytest.raises(SettingsError) as caught:
        config.parse(text, "config.toml")
    for name in names:
        assert name in str(caught.value)


def test_a_password_is_not_shown() -> None:
    with pytest.raises(SettingsError) as caught:
        config.parse(HERE + 'database = "oracle://me:hunter2@db"', "config.toml")
    assert "hunter2" not in str(caught.value)


@pytest.mark.parametrize(
    "origin",
    [
        "http://127.0.0.1:8420",
        "http://localhost:1",
        "http://[::1]:8420",
        "http://fortwayne.test:81",
        "https://x.org:8443",
    ],
)
def test_origins_for_development(origin: str) -> None:
    assert str(config.parse(f'origin = "{origin}"', "x").at) == origin


def test_spellings_are_made_one() -> None:
    settings = config.parse(
        'origin = "HTTPS://HighPoint.Example:443/"\nblocked_hosts = ["Bad.Example.", "b\u00fccher.example:443"]\n'
        'allowed_hosts = ["good.example:8443"]\nallow_peers = ["LocalHost:81", "[::1]:82"]',
        "x",
    )
    assert settings.origin == "https://highpoint.example"
    assert settings.blocked_hosts == ("bad.example", "xn--bcher-kva.example")
    assert settings.allowed_hosts == ("good.example:8443",)
    assert settings.allowed_pairs == {("localhost", 81), ("::1", 82)}


def test_written_and_read_again(tmp_path: Path) -> None:
    settings = Settings(
        origin="https://highpoint.example",
        admission="allow-list",
        allowed_hosts=("a.example", "b.example:81"),
        contact='Ask "Mo" at the library \\ desk',
    )
    config.write(tmp_path / "data", settings)
    path = tmp_path / "data" / "config.toml"
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert config.load(tmp_path / "data") == settings
    text = path.read_text()
    assert '\n# listen = "127.0.0.1:8420"\n' in text, "a default stands there, commented out"
    assert '\nadmission = "allow-list"\n' in text
    for setting in config.described().values():
        assert f"# {setting.description}\n" in text


@given(st.text(alphabet=st.characters(exclude_categories=["C", "Z"], include_characters=" "), max_size=300))
def test_any_line_survives_the_file(contact: str) -> None:
    settings = Settings(origin="https://highpoint.example", contact=contact)
    assert config.parse(config.render(settings), "x") == settings


def test_a_wrong_setting_is_never_written(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match="listen"):
        config.write(tmp_path, Settings(origin="https://highpoint.example", listen="everywhere"))
    assert list(tmp_path.iterdir()) == []


def test_no_node_there_yet(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match="commonweave init"):
        config.load(tmp_path)
