"""The node's log, on stderr: words on a terminal, one JSON object a line elsewhere (systemd, a container).

Never a secret, never a body: whatever the caller hands over, values under a telling name are withheld, bytes are only
counted, long texts are cut, and a traceback comes without the values of variables. Set up once, by the command line.
"""

import logging
import sys
from collections.abc import Mapping, MutableMapping
from typing import Any, TextIO

import structlog

_WITHHELD = frozenset(
    {
        "authorization", "body", "content", "cookie", "cookies", "headers", "key", "mac", "password", "private_key",
        "proof", "raw", "root_key", "secret", "session", "set_cookie", "set-cookie", "signature", "token",
    }
)  # fmt: skip
_CHARACTERS = 500  # enough for an address and a sentence; more is somebody's content


def configure(stream: TextIO = sys.stderr, *, level: str = "info", words: bool | None = None) -> None:
    """Send the log, and that of the libraries, to `stream`. `words`: None asks whether it is a terminal."""
    as_words = stream.isatty() if words is None else words
    before: list[structlog.typing.Processor] = [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_log_level,
        structlog.processors.TimeStamper(fmt="%H:%M:%S" if as_words else "iso", utc=not as_words),
        structlog.processors.StackInfoRenderer(),
        withhold,
    ]
    last: list[structlog.typing.Processor]
    if as_words:
        # The default renderer of tracebacks shows local variables, and with them keys.
        console = structlog.dev.ConsoleRenderer(
            colors=stream.isatty(), exception_formatter=structlog.dev.plain_traceback
        )
        last = [console]
    else:
        last = [structlog.processors.format_exc_info, structlog.processors.JSONRenderer(sort_keys=False)]
    structlog.configure(
        processors=[*before, structlog.stdlib.ProcessorFormatter.wrap_for_formatter],
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.stdlib.BoundLogger,
        cache_logger_on_first_use=True,
    )
    handler = logging.StreamHandler(stream)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=before,
            processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, *last],
        )
    )
    root = logging.getLogger()
    for old in tuple(root.handlers):
        root.removeHandler(old)
    root.addHandler(handler)
    root.setLevel(level.upper())
    # One line a request is the proxy's business, and carries addresses of people.
    logging.getLogger("aiohttp.access").setLevel(logging.WARNING)


def logger(name: str) -> structlog.stdlib.BoundLogger:
    """A logger: `.info("what happened, in words", peer=…, reason=…)`. The words are constant, the values named."""
    return structlog.stdlib.get_logger(name)


def withhold(_logger: Any, _method: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    """The event without what a log must not hold."""
    return {name: _safe(name, value) for name, value in event.items()}


def _safe(name: str, value: Any) -> Any:
    if name.startswith("_") or name == "exc_info":  # structlog's own; the formatter needs them as they are
        return value
    if name.lower() in _WITHHELD:
        return "(withheld)"
    if isinstance(value, (bytes, bytearray)):
        return f"({len(value)} bytes)"
    if isinstance(value, Mapping):
        return {str(inner): _safe(str(inner), each) for inner, each in value.items()}  # pyright: ignore[reportUnknownVariableType, reportUnknownArgumentType]
    if isinstance(value, (list, tuple, set, frozenset)):
        return [_safe("", each) for each in value]  # pyright: ignore[reportUnknownVariableType]
    if value is None or isinstance(value, (bool, int, float)):
        return value
    text = str(value)
    if len(text) > _CHARACTERS:
        text = f"{text[:_CHARACTERS]}… ({len(text)} characters)"
    # A peer's text must not be able to forge a line or drive a terminal.
    return "".join(each if each.isprintable() else repr(each)[1:-1] for each in text)
