"""What can be settled, and in what order it is asked at first. Pure.

A setting is one struct; it is stored under the struct's name. Steps can be left at any time and none is a trap: what
was not said is asked again later, and every step can be passed over.
"""

from types import MappingProxyType

import msgspec

from node import mail
from node.gate.handler import Decision
from node.mail import Mailbox
from node.sentence import words
from protocol.errors import Reason
from protocol.vocabulary.place import DOMAINS


class Cares(msgspec.Struct, frozen=True):
    """What the coalition cares about: some of the nine roots of domains, in their order."""

    domains: tuple[str, ...] = ()


class Reach(msgspec.Struct, frozen=True):
    """What was found when the node last asked for itself at its own address. why: in a sentence; empty if it answered.

    checked: in milliseconds.
    """

    checked: int
    why: str


class Welcome(msgspec.Struct, frozen=True):
    """How far the first run has come. passed: the steps that were taken or passed over. over: nobody is asked again."""

    passed: tuple[str, ...] = ()
    over: bool = False


Setting = Cares | Reach | Welcome | Mailbox
KINDS: MappingProxyType[str, type[Setting]] = MappingProxyType(
    {kind.__name__.lower(): kind for kind in (Cares, Reach, Welcome, Mailbox)}
)

STEPS = MappingProxyType(
    {
        "place": words("Name and place"),
        "cares": words("What you care about"),
        "reach": words("Address and mail"),
        "second": words("A second coordinator"),
        "privacy": words("Privacy"),
    }
)
BEFORE = 2  # language, and the first coordinator: asked before anybody can settle anything


class Settle(msgspec.Struct, frozen=True):
    """Command: this is so from now on."""

    setting: Setting


class Forget(msgspec.Struct, frozen=True):
    """Command: what was settled under this name is not any more."""

    name: str


def decide_settle(command: Settle, _facts: None, _now: int) -> Decision[Setting]:
    setting = command.setting
    match setting:
        case Mailbox() if why := mail.fault(setting):
            return Decision(Reason.INVALID, detail=why)
        case Cares() if not set(setting.domains) <= set(DOMAINS):
            return Decision(Reason.INVALID, detail=words("There is no such domain."))
        case Welcome() if not set(setting.passed) <= set(STEPS):
            return Decision(Reason.INVALID, detail=words("There is no such step."))
        case _:
            return Decision(Reason.ACCEPTED, (setting,))


def decide_forget(command: Forget, _facts: None, _now: int) -> Decision[str]:
    if command.name not in KINDS:
        return Decision(Reason.NOT_FOUND)
    return Decision(Reason.ACCEPTED, (command.name,))


def passing(welcome: Welcome, step: str) -> Welcome:
    """The same, with this step behind one."""
    passed = tuple(each for each in STEPS if each == step or each in welcome.passed)
    return Welcome(passed, welcome.over)


def next_step(welcome: Welcome) -> str:
    """The first step that is still ahead; empty if none is."""
    return next((step for step in STEPS if step not in welcome.passed), "")


def number_of(step: str) -> tuple[int, int]:
    """Which of how many steps this is, those before the first coordinator was there included."""
    return BEFORE + list(STEPS).index(step) + 1, BEFORE + len(STEPS)
