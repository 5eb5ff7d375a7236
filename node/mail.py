"""Mail, where a coalition has a server for it: one message to one person, in plain text, over a checked connection.

Nothing here needs mail: every link that is mailed can be handed over otherwise. A message goes at once or not at all,
within a bounded time; what the server said is told in words. Addresses and subjects cannot bring headers of their own
(RFC 5322 section 2.2: EmailMessage refuses line breaks).
"""

import re
import ssl
from collections.abc import Mapping
from email.message import EmailMessage
from email.utils import formataddr, make_msgid
from types import MappingProxyType
from typing import Literal

import aiosmtplib
import msgspec

from node.sentence import say

PATIENCE = 15  # seconds for a whole conversation: somebody waits for the page
# One @, something before and a dotted name after it; whether it exists only the server knows (RFC 5321 section 4.1.2).
_ADDRESS = re.compile(r"[^\s@<>\",;:\\()\[\]\x00-\x1f\x7f]{1,64}@[^\s@<>\",;:\\()\[\]\x00-\x1f\x7f]{1,189}")
_LOCAL = ("localhost", "127.0.0.1", "::1")

Security = Literal["tls", "starttls", "none"]


class Mailbox(msgspec.Struct, frozen=True):
    """The server that takes a coalition's mail, and whom it is from. `none` is for a server on this machine alone."""

    host: str
    port: int
    security: Security
    sender: str
    user: str = ""
    password: str = ""

    def __repr__(self) -> str:
        return f"Mailbox({self.sender} at {self.host}:{self.port})"  # never the password


def is_address(text: str) -> bool:
    """Looks like a mail address."""
    return _ADDRESS.fullmatch(text) is not None and "." in text.partition("@")[2].strip(".")


def fault(mailbox: Mailbox) -> str:
    """What is wrong with these settings before anything is tried; empty if nothing is."""
    if not re.fullmatch(r"[A-Za-z0-9.:-]{1,253}", mailbox.host):
        return say("“{host}” is no server's name, such as smtp.example.org.", host=mailbox.host[:60])
    if not 1 <= mailbox.port <= 65_535:
        return say("A port is a number from 1 to 65535; mail servers mostly use 465 or 587.")
    if not is_address(mailbox.sender):
        return say("“{sender}” is no mail address.", sender=mailbox.sender[:60])
    if mailbox.security == "none" and mailbox.host not in _LOCAL:
        return say("Without encryption mail may only go to a server on this machine.")
    return ""


async def send(
    mailbox: Mailbox,
    name: str,
    to: str,
    subject: str,
    text: str,
    tls: ssl.SSLContext | None = None,
    headers: Mapping[str, str] = MappingProxyType({}),
) -> str:
    """Why it was not sent, in a sentence; empty if the server took it. name: whose mail it is.

    tls: whom to trust, instead of whom this machine trusts. headers: more of them, ours and nobody else's.
    """
    if not is_address(to):
        return say("“{address}” is no mail address.", address=to[:60])
    message = EmailMessage()
    message["From"] = formataddr((" ".join(name.split()), mailbox.sender))
    message["To"] = to
    message["Subject"] = " ".join(subject.split())
    message["Message-ID"] = make_msgid(domain=mailbox.sender.partition("@")[2])
    for header, value in headers.items():
        message[header] = value
    message.set_content(text)
    try:
        await aiosmtplib.send(
            message,
            hostname=mailbox.host,
            port=mailbox.port,
            username=mailbox.user or None,
            password=mailbox.password or None,
            use_tls=mailbox.security == "tls",
            start_tls=mailbox.security == "starttls",
            timeout=PATIENCE,
            tls_context=tls or ssl.create_default_context(),
        )
    except aiosmtplib.SMTPAuthenticationError:
        return say("The mail server did not take this user name and password.")
    except aiosmtplib.SMTPRecipientsRefused:
        return say("The mail server does not deliver to {address}.", address=to)
    except aiosmtplib.SMTPTimeoutError:
        return say("The mail server {host} did not answer in time.", host=mailbox.host)
    except (aiosmtplib.SMTPConnectError, aiosmtplib.SMTPServerDisconnected, OSError) as error:
        if isinstance(error.__cause__, ssl.SSLError) or isinstance(error, ssl.SSLError):
            return say("The certificate of {host} is not to be trusted, so nothing was sent.", host=mailbox.host)
        return say("The mail server {where} cannot be reached.", where=f"{mailbox.host}:{mailbox.port}")
    except aiosmtplib.SMTPException as error:
        return say("The mail server refused: {answer}", answer=" ".join(str(error).split())[:200])
    return ""
