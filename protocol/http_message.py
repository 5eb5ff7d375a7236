"""A request as its signature sees it: method, target, fields, body; and the components of RFC 9421, section 2.

Owns the value of every component identifier and the signature base that they make. It judges nothing: which
components must be covered, and by whose key, is http_signature.py and legacy_signature.py. The target is absolute
and comes from the configured base URL, never from Host or X-Forwarded headers.

A base is lines: whatever could bring a line feed into one is refused, or a value could pose as another component.
"""

import re
from collections.abc import Mapping, Sequence
from typing import Any, Literal
from urllib.parse import parse_qsl, quote, unquote_plus, urlsplit

import http_sf
from msgspec import Struct

from protocol.errors import Reason, RemoteProtocolError

Form = Literal["native", "legacy"]
Component = tuple[str, Mapping[str, Any]]  # a name and its parameters, both as http-sf parses them

_PLAIN_NAME = re.compile(r"@?[a-z][a-z0-9-]*")
_FOLD = re.compile(r"[ \t]*\r\n[ \t]+")
_DEFAULT_PORT = {"http": 80, "https": 443}


class Request(Struct, frozen=True):
    """What of a request can be signed. `target`: its absolute URI. `headers`: lower-case names, in order.

    `body` None: no body. `status` is set for a response alone, which only has `@status` and fields.
    """

    method: str
    target: str
    headers: tuple[tuple[str, str], ...]
    body: bytes | None
    status: int | None = None


class Signature(Struct, frozen=True):
    """A signature as it was read: not yet checked with a key. `created`, `expires`: Unix seconds.

    `bases`: the bytes it may be of, each a correct reading of the same request (received and serialised
    parameters; with and without the query in the legacy form).
    """

    keyid: str
    alg: str | None
    created: int
    expires: int | None
    covered: tuple[str, ...]
    bases: tuple[bytes, ...]
    signature: bytes
    form: Form
    nonce: str | None = None

    @property
    def base(self) -> bytes:
        """The first of the bases: the usual one."""
        return self.bases[0]


def bad(detail: str) -> RemoteProtocolError:
    """BAD_SIGNATURE with one sentence."""
    return RemoteProtocolError(Reason.BAD_SIGNATURE, detail)


def field_value(request: Request, name: str) -> str | None:
    """A field's lines in order, trimmed, unfolded and joined with `, ` (RFC 9421 section 2.1). None: absent."""
    lines = [value for header, value in request.headers if header == name]
    if not lines:
        return None
    value = ", ".join([line.strip(" \t\r\n") for line in lines])
    if "\r" in value:
        value = _FOLD.sub(" ", value)
    if "\n" in value or "\r" in value or "\0" in value:
        raise bad("A header has a line break.")
    return value


def structured(text: str, kind: Literal["dictionary", "list", "item"]) -> Any:
    """A structured field (RFC 9651) as http-sf gives it; BAD_SIGNATURE if it is none, or has a key twice."""

    def twice(_name: str, _where: str) -> None:
        raise bad("A structured header has a key twice.")

    try:
        return http_sf.parse(text.encode("ascii"), tltype=kind, on_duplicate_key=twice)
    except (ValueError, TypeError, ArithmeticError, LookupError):
        raise bad("A structured header does not parse.") from None


def component_text(component: Component) -> str:
    """A component identifier as the base writes it: `"name";parameter`."""
    if not component[1] and _PLAIN_NAME.fullmatch(component[0]):
        return f'"{component[0]}"'
    try:
        return http_sf.ser((component[0], dict(component[1])))
    except (ValueError, TypeError):
        raise bad("A component identifier cannot be serialised.") from None


def component_value(request: Request, component: Component) -> str:
    """A component's value (RFC 9421 section 2); BAD_SIGNATURE if the request has none or the identifier is wrong."""
    name, parameters = component
    value = _derived(request, name, parameters) if name.startswith("@") else _field(request, name, parameters)
    if "\n" in value or "\r" in value:
        raise bad("A component has a line break.")
    return value


def signature_base(request: Request, components: Sequence[Component], parameters: str) -> bytes:
    """The signature base (RFC 9421 section 2.5). `parameters`: the value of `@signature-params`."""
    lines: list[str] = []
    seen: set[tuple[str, frozenset[str]]] = set()
    for component in components:
        # The order of its parameters does not make another identifier (section 2)
        identity = (component[0], frozenset(f"{name}={value!r}" for name, value in component[1].items()))
        if identity in seen:
            raise bad("A component is covered twice.")
        seen.add(identity)
        lines.append(f"{component_text(component)}: {component_value(request, component)}")
    lines.append(f'"@signature-params": {parameters}')
    try:
        return "\n".join(lines).encode("ascii")
    except UnicodeEncodeError:
        raise bad("A covered component is not ASCII.") from None


def _field(request: Request, name: str, parameters: Mapping[str, Any]) -> str:
    value = field_value(request, name) if name == name.lower() else None
    if value is None:
        raise bad(f"The covered header {name[:60]} is missing.")
    if not parameters:
        return value
    if set(parameters) - {"sf", "key", "bs"} or any(parameters.get(flag, True) is not True for flag in ("sf", "bs")):
        raise bad("A component has a parameter that is not known here.")
    if "bs" in parameters:
        if len(parameters) > 1:
            raise bad("A component has parameters that exclude each other.")
        lines = [line.strip(" \t\r\n") for header, line in request.headers if header == name]
        return _serialised([_FOLD.sub(" ", line).encode("latin-1", "replace") for line in lines])
    if "key" in parameters:
        members = structured(value, "dictionary")
        key = parameters["key"]
        if not isinstance(key, str) or key not in members:
            raise bad("A covered member of a header is missing.")
        return _serialised_member(members[key])
    return _serialised(_any_structured(value))


def _any_structured(value: str) -> Any:
    """A field whose type is not known: the first of the three readings that holds (`;sf`, section 2.1.1)."""
    for kind in ("dictionary", "list"):
        try:
            return structured(value, kind)
        except RemoteProtocolError:
            continue
    return structured(value, "item")


def _serialised_member(member: Any) -> str:
    if isinstance(member, tuple) and isinstance(member[0], list):
        return _serialised({"x": member}).removeprefix("x=")  # http-sf has no serialiser for an inner list alone
    return _serialised(member)


def _serialised(value: Any) -> str:
    try:
        return http_sf.ser(value)
    except (ValueError, TypeError, ArithmeticError):
        raise bad("A structured header cannot be serialised.") from None


def authority(target: str) -> str:
    """The normal authority of an absolute target: lower case, without the scheme's own port (section 2.2.3)."""
    try:
        parts = urlsplit(target)
        host, port = parts.hostname, parts.port
    except ValueError:
        raise bad("The target is not a URL.") from None
    if not host:
        raise bad("The target has no host.")
    if ":" in host:
        host = f"[{host}]"
    return host if port is None or port == _DEFAULT_PORT.get(parts.scheme) else f"{host}:{port}"


def path_and_query(target: str) -> tuple[str, str | None]:
    """The path (`/` if empty) and the query of an absolute target, exactly as they stand. None: no `?`."""
    after = target.partition("://")[2].partition("#")[0]
    rest, mark, query = after.partition("?")
    slash = rest.find("/")
    return rest[slash:] if slash >= 0 else "/", query if mark else None


def _derived(request: Request, name: str, parameters: Mapping[str, Any]) -> str:
    if (request.status is not None) != (name == "@status"):
        raise bad("A derived component does not belong to this kind of message.")
    if name == "@query-param":
        return _query_parameter(request, parameters)
    if parameters:
        raise bad("A derived component has a parameter that is not known here.")
    match name:
        case "@method":
            return request.method
        case "@target-uri":
            return request.target
        case "@authority":
            return authority(request.target)
        case "@scheme":
            return request.target.partition("://")[0].lower()
        case "@request-target":
            path, query = path_and_query(request.target)
            return path if query is None else f"{path}?{query}"
        case "@path":
            return path_and_query(request.target)[0]
        case "@query":
            return "?" + (path_and_query(request.target)[1] or "")
        case "@status":
            return str(request.status)
        case _:
            raise bad("A derived component is not known here.")


def _query_parameter(request: Request, parameters: Mapping[str, Any]) -> str:
    """`@query-param` (section 2.2.8): decoded as a form, encoded again; a name that stands twice has no value."""
    name = parameters.get("name")
    if set(parameters) != {"name"} or not isinstance(name, str):
        raise bad("@query-param needs one name.")
    query = path_and_query(request.target)[1] or ""
    try:
        pairs = parse_qsl(query, keep_blank_values=True, max_num_fields=1_000)
    except ValueError:
        raise bad("The query has too many parameters.") from None
    values = [value for found, value in pairs if found == unquote_plus(name)]
    if len(values) != 1:
        raise bad("A covered query parameter is missing or stands twice.")
    return quote(values[0], safe="*").replace("~", "%7E")  # the form-urlencoded percent-encode set, space as %20
