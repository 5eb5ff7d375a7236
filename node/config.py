"""The settings of a node: one Struct with every name, default and explanation, and the file they are kept in.

The file is DIR/config.toml. A wrong file never half works: the first setting that cannot be used is named, with its
value and what is allowed. Nothing here is changed while the node runs.
"""

import re
import tomllib
from collections.abc import Callable
from pathlib import Path
from typing import Annotated, Any, Literal, get_type_hints

import msgspec
from msgspec import Meta

from node import private_files
from protocol.errors import RemoteProtocolError
from protocol.identifiers import Origin, parse_url
from protocol.identifiers import origin as read_origin

SETTINGS_FILE = "config.toml"

# RFC 6761 and RFC 6762: names that never leave a machine or its link, so that a plain http origin harms nobody else.
_LOCAL_ENDINGS = (".localhost", ".test", ".local")
_LOCAL_HOSTS = ("localhost", "127.0.0.1", "[::1]")
_LANGUAGE = re.compile(r"[a-z]{2,3}(-[A-Za-z0-9]{2,8})*")
_CONTACT_CHARACTERS = 300
_POSTGRES = ("postgresql://", "postgres://")
# Labels as DNS has them (RFC 1035 section 2.3.4): others never reach a resolver, which raises for them.
_LABEL = r"[^\s:\[\]/.]{1,63}"
_LISTEN = re.compile(rf"(?P<host>\[[0-9A-Fa-f:.]+\]|{_LABEL}(?:\.{_LABEL})*\.?):(?P<port>[0-9]{{1,5}})")


class SettingsError(Exception):
    """The settings cannot be used. The text is one sentence: which setting, its value, and what is allowed."""


class Settings(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Every setting of a node. Made by `load` or `parse`, which check it; tests may make one directly."""

    origin: Annotated[
        str,
        Meta(
            title="https://host, without a path",
            description="The node's public address. It is part of every id, so it cannot change once others know it.",
        ),
    ]
    listen: Annotated[
        str,
        Meta(
            title="host:port",
            description="Where the node listens. Keep it on this machine and put a proxy with TLS in front.",
        ),
    ] = "127.0.0.1:8420"
    admission: Annotated[
        Literal["open", "block", "allow-list"],
        Meta(
            title="open, block or allow-list",
            description="Which nodes may speak with this one: any, any but blocked_hosts, or allowed_hosts only.",
        ),
    ] = "block"
    allowed_hosts: Annotated[
        tuple[str, ...],
        Meta(title="list of hosts", description="The nodes served when admission is allow-list; subdomains included."),
    ] = ()
    blocked_hosts: Annotated[
        tuple[str, ...],
        Meta(
            title="list of hosts", description="Nodes that are refused, with their subdomains, unless all are admitted."
        ),
    ] = ()
    allow_peers: Annotated[
        tuple[str, ...],
        Meta(
            title="list of host:port",
            description="For development: exact pairs that may be reached although private or without TLS.",
        ),
    ] = ()
    language: Annotated[
        str,
        Meta(
            title="language code (BCP 47)",
            description="The language that new items begin in. Pages speak English as yet.",
        ),
    ] = "en"
    contact: Annotated[
        str,
        Meta(title="text", description="How other operators reach you: an address or a page. It is public."),
    ] = ""
    database: Annotated[
        str,
        Meta(
            title="sqlite, or postgresql://user@host/name",
            description="Where the data is: `sqlite` is a file in its directory, PostgreSQL is for many processes.",
        ),
    ] = "sqlite"

    @property
    def at(self) -> Origin:
        """The origin, taken apart."""
        return read_origin(self.origin)

    @property
    def postgres(self) -> str | None:
        """The database's address, if it is not the file in the data directory."""
        return self.database if self.database.startswith(_POSTGRES) else None

    @property
    def secure(self) -> bool:
        """Whether people reach the node over TLS; cookies are then marked so."""
        return self.origin.startswith("https://")

    @property
    def socket(self) -> tuple[str, int]:
        """Host (IPv6 without brackets) and port to listen at."""
        return host_and_port(self.listen)

    @property
    def allowed_pairs(self) -> frozenset[tuple[str, int]]:
        """`allow_peers` as the HTTP client's guard takes them."""
        return frozenset(host_and_port(pair) for pair in self.allow_peers)


def host_and_port(text: str) -> tuple[str, int]:
    """`host:port` taken apart, IPv6 without its brackets. SettingsError if it is not of that form."""
    found = _LISTEN.fullmatch(text)
    if found is None or int(found["port"]) > 65_535:
        raise SettingsError(f"{text!r} is not of the form host:port, such as 127.0.0.1:8420 or [::1]:8420.")
    return found["host"].strip("[]").lower(), int(found["port"])


def load(directory: Path) -> Settings:
    """The settings of the node in `directory`. SettingsError if there are none or one is wrong."""
    path = directory / SETTINGS_FILE
    try:
        text = path.read_text(encoding="utf-8")
    except FileNotFoundError:
        raise SettingsError(
            f"There is no node in {directory} yet: begin with  commonweave init --data {directory}"
        ) from None
    except (OSError, UnicodeDecodeError) as error:
        raise SettingsError(f"{path} cannot be read: {error}.") from error
    return parse(text, str(path))


def parse(text: str, source: str) -> Settings:
    """Settings from TOML text; `source` is named in the sentence of a SettingsError."""
    try:
        given = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise SettingsError(f"{source} is not TOML: {error}.") from error
    known = described()
    for name in given:
        if name not in known:
            raise SettingsError(f"{source}: there is no setting {name!r}; there are {', '.join(known)}.")
    for name, setting in known.items():
        if name in given:
            _has_type(source, name, setting, given[name])
    if "origin" not in given:
        raise SettingsError(f"{source}: the setting 'origin' is missing; it is {known['origin'].allowed}.")
    return checked(msgspec.convert(given, Settings, strict=True), source)


def checked(settings: Settings, source: str = "the settings") -> Settings:
    """The same settings, hosts in their normal spelling. SettingsError names the first that cannot be used."""
    for name, check in _CHECKS.items():
        why = check(settings)
        if why:
            raise SettingsError(f"{source}: {name} = {_shown(name, getattr(settings, name))} cannot be used: {why}")
    return msgspec.structs.replace(
        settings,
        origin=str(settings.at),
        allowed_hosts=tuple(_key(host) for host in settings.allowed_hosts),
        blocked_hosts=tuple(_key(host) for host in settings.blocked_hosts),
    )


class Described(msgspec.Struct, frozen=True):
    """One setting, for the file, the README and people: what it does, what is allowed, its default (None: required)."""

    name: str
    description: str
    allowed: str
    default: Any
    is_list: bool


def described() -> dict[str, Described]:
    """Every setting by name, in the order of the file."""
    hints = get_type_hints(Settings, include_extras=True)
    table: dict[str, Described] = {}
    for field in msgspec.structs.fields(Settings):
        meta: Meta = hints[field.name].__metadata__[0]
        default = None if field.required else field.default
        table[field.name] = Described(
            field.name, meta.description or "", meta.title or "", default, isinstance(default, tuple)
        )
    return table


def render(settings: Settings) -> str:
    """The settings as a commented TOML file; those at their default are commented out."""
    lines = ["# The settings of this Commonweave node. After a change, start the node anew.", ""]
    for setting in described().values():
        value = getattr(settings, setting.name)
        lines += [f"# {setting.description}", f"# Allowed: {setting.allowed}."]
        lines += [f"{'# ' if value == setting.default else ''}{setting.name} = {_toml(value)}", ""]
    return "\n".join(lines)


def write(directory: Path, settings: Settings) -> None:
    """Check the settings and put them in DIR/config.toml. SettingsError, also if the disk refuses."""
    usable = checked(settings)
    try:
        private_files.make_folder(directory)
        private_files.write(directory / SETTINGS_FILE, render(usable).encode())
    except private_files.PrivateFileError as error:
        raise SettingsError(str(error)) from error


def _toml(value: str | tuple[str, ...]) -> str:
    # A TOML basic string takes JSON's escapes (TOML 1.0, String), so one encoder serves; DEL is the one difference.
    if isinstance(value, tuple):
        return "[" + ", ".join(_toml(each) for each in value) + "]"
    return msgspec.json.encode(value).decode().replace("\x7f", "\\u007f")


def _shown(name: str, value: object) -> str:
    # A database address may carry a password, which must not reach a log.
    return "(not shown)" if name == "database" and "@" in str(value) else repr(value)


def _has_type(source: str, name: str, setting: Described, value: Any) -> None:
    try:
        msgspec.convert(value, list[str] if setting.is_list else str, strict=True)
    except msgspec.ValidationError:
        raise SettingsError(
            f"{source}: {name} = {_shown(name, value)} cannot be used: it must be {_form(setting)}."
        ) from None
    if name == "admission" and value not in ("open", "block", "allow-list"):
        raise SettingsError(f"{source}: {name} = {value!r} cannot be used: it must be {setting.allowed}.")


def _form(setting: Described) -> str:
    return (
        f'a {setting.allowed}, such as ["example.org"]' if setting.is_list else f"a text in quotes: {setting.allowed}"
    )


def _key(host: str) -> str:
    return read_origin(f"https://{host}").key


def _origin(settings: Settings) -> str:
    try:
        url = parse_url(settings.origin)
    except RemoteProtocolError as error:
        return f"{error.detail} It must look like https://example.org."
    if (url.path, url.query) != ("/", None):
        return "an origin has no path; it must look like https://example.org."
    host = url.origin.host
    is_local = host in _LOCAL_HOSTS or host.endswith(_LOCAL_ENDINGS)
    if url.origin.scheme != "https" and not is_local:
        return (
            "it must begin with https, because ids and sign-ins must not travel in the clear; http is for this machine."
        )
    return ""


def _listen(settings: Settings) -> str:
    return _pair(settings.listen)


def _peers(settings: Settings) -> str:
    return next((why for pair in settings.allow_peers if (why := _pair(pair))), "")


def _pair(text: str) -> str:
    try:
        host_and_port(text)
    except SettingsError as error:
        return str(error)
    return ""


def _hosts(hosts: tuple[str, ...]) -> str:
    for host in hosts:
        try:
            url = parse_url(f"https://{host}")
        except RemoteProtocolError:
            return f"{host!r} is not a host or host:port, such as example.org."
        if "/" in host or url.query is not None:
            return f"{host!r} is an address; give the host alone, such as {url.origin.key}."
    return ""


def _allowed(settings: Settings) -> str:
    return _hosts(settings.allowed_hosts)


def _blocked(settings: Settings) -> str:
    return _hosts(settings.blocked_hosts)


def _language(settings: Settings) -> str:
    return "" if _LANGUAGE.fullmatch(settings.language) else "it must be a language code such as en, es or pt-BR."


def _contact(settings: Settings) -> str:
    if len(settings.contact) > _CONTACT_CHARACTERS or not settings.contact.isprintable():
        return f"it must be one line of at most {_CONTACT_CHARACTERS} characters."
    return ""


def _database(settings: Settings) -> str:
    if settings.database == "sqlite" or settings.database.startswith(_POSTGRES):
        return ""
    return "it must be sqlite, or an address such as postgresql://commonweave@localhost/commonweave."


_CHECKS: dict[str, Callable[[Settings], str]] = {
    "origin": _origin,
    "listen": _listen,
    "allowed_hosts": _allowed,
    "blocked_hosts": _blocked,
    "allow_peers": _peers,
    "language": _language,
    "contact": _contact,
    "database": _database,
}
