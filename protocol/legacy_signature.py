"""Legacy HTTP signatures, as the fediverse speaks them: draft-cavage-http-signatures-12 with Digest (RFC 3230).

Owns the older form alone: RSA PKCS#1 v1.5 with SHA-256, under the names `rsa-sha256` and `hs2019`. Stricter than the
draft: `(request-target)`, `host`, `date` and, with a body, `digest` must be covered. `host` is that of the
configured base URL, whatever the Host header says, or a request signed for another node could be replayed here.
Checked with and without the query, which some software leaves out.
"""

import base64
import binascii
import re
from datetime import UTC, datetime
from hashlib import sha256, sha512

from protocol import limits
from protocol.errors import LocalProtocolError, Reason, RemoteProtocolError
from protocol.http_message import Request, Signature, authority, bad, field_value, path_and_query
from protocol.keys import PublicKey, SigningKey

ALGORITHMS = frozenset({None, "rsa-sha256", "hs2019"})
REQUIRED = ("(request-target)", "host", "date")

_PARAMETER = re.compile(r'[ \t]*([A-Za-z]{1,32})=(?:"([^"\\]*)"|([0-9]{1,15}))[ \t]*(?:,|\Z)')
_DIGEST = re.compile(r"[ \t]*([A-Za-z0-9-]{1,32})=([A-Za-z0-9+/]{1,128}={0,2})[ \t]*")
_DIGESTS = {"sha-256": sha256, "sha-512": sha512}
_DAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
_MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
_DATE = re.compile(
    rf"(?:{'|'.join(_DAYS)}), ([0-9]{{2}}) ({'|'.join(_MONTHS)}) ([0-9]{{4}}) "
    r"([0-9]{2}):([0-9]{2}):([0-9]{2}) GMT"
)
_SECONDS = re.compile(r"[0-9]{1,15}")


def http_date(now_ms: int) -> str:
    """An HTTP date (RFC 9110 section 5.6.7) of Unix milliseconds; the locale has no say."""
    then = datetime.fromtimestamp(now_ms // limits.SECOND, UTC)
    return f"{_DAYS[then.weekday()]}, {then.day:02} {_MONTHS[then.month - 1]} {then.year:04} {then:%H:%M:%S} GMT"


def read_http_date(text: str) -> int:
    """Unix seconds of an HTTP date; BAD_SIGNATURE for any other form."""
    found = _DATE.fullmatch(text)
    try:
        if found:
            day, year, *time = (int(found[group]) for group in (1, 3, 4, 5, 6))
            return int(datetime(year, _MONTHS.index(found[2]) + 1, day, *time, tzinfo=UTC).timestamp())
    except ValueError:
        pass
    raise bad("Date is not an HTTP date.")


def digest_header(body: bytes) -> str:
    """The Digest of a body, its algorithm in upper case: some software compares it as text."""
    return f"SHA-256={base64.b64encode(sha256(body).digest()).decode('ascii')}"


def read(request: Request, now_ms: int) -> Signature:
    """The request's signature; `bases` with the query and, if there is one, without.

    UNSIGNED, BAD_SIGNATURE or SIGNATURE_EXPIRED, and nothing else whatever the headers. Not yet checked: the key.
    """
    header = field_value(request, "signature")
    if header is None:
        raise RemoteProtocolError(Reason.UNSIGNED)
    if len(header) > limits.SIGNATURE_HEADER_BYTES:
        raise bad("The Signature header is too long.")
    parameters = _parameters(header)
    keyid = parameters.get("keyId", "")
    if not 0 < len(keyid) <= limits.ID_CHARACTERS:
        raise bad("The signature names no key.")
    covered = tuple(parameters.get("headers", "date").lower().split(" "))
    needed = (*REQUIRED, "digest") if request.body else REQUIRED
    if not set(covered).issuperset(needed) or len(set(covered)) != len(covered):
        raise bad(f"The signature must cover {' '.join(needed)}.")
    created = read_http_date(field_value(request, "date") or "")
    expires = _seconds(parameters, "expires")
    _check_window((created, _seconds(parameters, "created")), expires, now_ms)
    if "digest" in covered:
        _check_digest(field_value(request, "digest") or "", request.body or b"")
    path, query = path_and_query(request.target)
    targets = [path] if query is None else [f"{path}?{query}", path]
    bases = tuple(_base(request, covered, target, parameters) for target in targets)
    return Signature(
        keyid, parameters.get("algorithm"), created, expires, covered, bases, _signature(parameters), "legacy"
    )


def check(signature: Signature, key: PublicKey) -> None:
    """BAD_SIGNATURE unless the RSA key made the signature over one of its bases."""
    if key.kind != "rsa" or signature.alg not in ALGORITHMS:
        raise bad("The signature's algorithm is not that of its key.")
    if not any(key.verify(signature.signature, base) for base in signature.bases):
        raise bad("The signature does not verify.")


def sign(request: Request, key: SigningKey, keyid: str, now_ms: int) -> list[tuple[str, str]]:
    """The headers to add: Host (if not there), Date, Digest (with a body), Signature. LocalProtocolError if not RSA.

    What is sent must carry this Host and, as always, a User-Agent.
    """
    present = {name for name, _ in request.headers}
    if key.kind != "rsa" or present & {"date", "digest", "signature"} or '"' in keyid or "\\" in keyid:
        raise LocalProtocolError(Reason.BAD_SIGNATURE, "The legacy form needs an RSA key and makes its own headers.")
    try:
        host = authority(request.target)
        added = [("Date", http_date(now_ms))]
        if "host" not in present:
            added.insert(0, ("Host", host))
        covered: list[str] = list(REQUIRED)
        if request.body is not None:
            added.append(("Digest", digest_header(request.body)))
            covered.append("digest")
        if "content-type" in present:
            covered.append("content-type")
        headers = (*request.headers, *((name.lower(), value) for name, value in added))
        path, query = path_and_query(request.target)
        target = path if query is None else f"{path}?{query}"
        whole = Request(request.method, request.target, headers, request.body)
        signature = base64.b64encode(key.sign(_base(whole, tuple(covered), target, {}))).decode("ascii")
    except RemoteProtocolError as error:
        raise LocalProtocolError(error.reason, error.detail) from None
    value = f'keyId="{keyid}",algorithm="rsa-sha256",headers="{" ".join(covered)}",signature="{signature}"'
    return [*added, ("Signature", value)]


def _parameters(header: str) -> dict[str, str]:
    parameters: dict[str, str] = {}
    at = 0
    while at < len(header):
        found = _PARAMETER.match(header, at)
        if found is None or found[1] in parameters:
            raise bad("The Signature header does not parse.")
        parameters[found[1]] = found[2] if found[2] is not None else found[3]
        at = found.end()
    return parameters


def _signature(parameters: dict[str, str]) -> bytes:
    try:
        return base64.b64decode(parameters.get("signature", ""), validate=True)
    except ValueError:
        raise bad("The signature is not base64.") from None


def _seconds(parameters: dict[str, str], name: str) -> int | None:
    text = parameters.get(name, "")
    return int(text) if _SECONDS.fullmatch(text) else None


def _check_window(moments: tuple[int | None, ...], expires: int | None, now_ms: int) -> None:
    for moment in moments:
        if moment is None:
            continue
        age = now_ms - moment * limits.SECOND
        if age > limits.LEGACY_WINDOW_BACK or -age > limits.SIGNATURE_WINDOW:
            raise RemoteProtocolError(Reason.SIGNATURE_EXPIRED)
    if expires is not None and expires * limits.SECOND <= now_ms:
        raise RemoteProtocolError(Reason.SIGNATURE_EXPIRED)


def _check_digest(value: str, body: bytes) -> None:
    """Every digest of a known algorithm must be the body's, and there must be one."""
    known = 0
    for part in value.split(","):
        found = _DIGEST.fullmatch(part)
        algorithm = _DIGESTS.get(found[1].lower()) if found else None
        if found is None or algorithm is None:
            continue
        known += 1
        try:
            said = base64.b64decode(found[2], validate=True)
        except binascii.Error:
            said = b""
        if said != algorithm(body).digest():
            raise bad("The body is not the one of its Digest.")
    if not known:
        raise bad("Digest has no algorithm that is accepted.")


def _base(request: Request, covered: tuple[str, ...], target: str, parameters: dict[str, str]) -> bytes:
    """The signing string (draft-cavage-12 section 2.3)."""
    lines: list[str] = []
    for name in covered:
        if name == "(request-target)":
            value: str | None = f"{request.method.lower()} {target}"
        elif name == "host":
            value = authority(request.target)
        elif name in ("(created)", "(expires)"):
            # Section 2.3: not with an algorithm whose name says rsa
            value = parameters.get(name[1:-1]) if parameters.get("algorithm") == "hs2019" else None
        else:
            value = field_value(request, name)
        if value is None or "\n" in value:
            raise bad(f"The covered header {name[:60]} is missing.")
        lines.append(f"{name}: {value}")
    try:
        return "\n".join(lines).encode("latin-1")
    except UnicodeEncodeError:
        raise bad("A covered header is not of one-byte characters.") from None
