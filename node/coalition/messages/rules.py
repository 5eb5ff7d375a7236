"""Who may write to whom, and what becomes of what came. Pure.

A message goes to one: a practice, a coalition or a person with a profile, here or elsewhere; and at home to a member. A
member who has no profile writes to others in the name of a practice they belong to, so that nothing of them is told
that they do not write themselves. Nobody's address is shown to anybody. What came from elsewhere can be blocked by
whoever got it, and shown to the coordinators.
"""

import msgspec

from node.gate.handler import Decision, Draft
from node.sentence import say
from node.web.forms import is_plain
from protocol.errors import ProtocolError, Reason
from protocol.integrity import Verified
from protocol.vocabulary import activities
from protocol.vocabulary.activities import Activity
from protocol.vocabulary.messages import Message, build_message, read_message

WORDS = 5_000  # characters of a message
A_DAY = 30  # messages that one member writes in a day: more is no letter-writing
WAITING = 50  # that one node's actors send to one of ours in a day
MEMBER = "member:"  # before the id of a member at home
DAY = 86_400_000


class Write(msgspec.Struct, frozen=True, kw_only=True):
    """Command: a member writes to somebody. voice: in whose name, an actor of ours or `member:` and their id. answers:
    the message that this answers, '' for a new one. help: it asks for help."""

    id: str
    activity: str
    member: str
    voice: str
    to: str
    words: str
    about: str = ""
    answers: str = ""
    help: bool = False


class Act(msgspec.Struct, frozen=True):
    """Command: of somebody who got it. what: block its author; report it; close what asked for help; delete it. Or
    unblock, with the id of whom they blocked."""

    id: str
    member: str
    what: str


class Addressee(msgspec.Struct, frozen=True):
    """inbox: None if it is at home. there: it can be written to."""

    id: str
    there: bool
    inbox: str | None = None


class Writing(msgspec.Struct, frozen=True):
    """Facts. may: the voice is theirs to use. before: when they wrote the last but A_DAY, 0 if there is none. thread:
    of what they answer, '' if that is none of theirs."""

    may: bool = False
    addressee: Addressee | None = None
    before: int = 0
    thread: str = ""
    blocked: bool = False


class Got(msgspec.Struct, frozen=True):
    """Of what came. ours: it is for one of us; said_here: by one of us. blocked: by whoever it is for. before: when the
    last but WAITING came from there, 0 if there is none. thread: of what it answers, where that is held."""

    ours: bool = False
    said_here: bool = False
    blocked: bool = False
    before: int = 0
    thread: str = ""


class Mine(msgspec.Struct, frozen=True):
    """Of an act. theirs: they may read it. author: of it. recipient: as which of theirs they got it."""

    theirs: bool = False
    author: str = ""
    recipient: str = ""
    writer: bool = False


class Keep(msgspec.Struct, frozen=True):
    """A message as it is kept here."""

    id: str
    thread: str
    author: str
    writer: str
    recipient: str
    about: str
    said: str
    help: bool
    at: int


class Done(msgspec.Struct, frozen=True):
    """An act, done."""

    act: Act
    owner: str
    author: str


Effect = Keep | Done


def _no(why: str) -> Decision[Effect]:
    return Decision(Reason.INVALID, detail=why)


def decide_write(command: Write, facts: Writing, now: int) -> Decision[Effect]:
    to, words = facts.addressee, command.words.strip()
    if not facts.may:
        return Decision(Reason.NOT_ALLOWED, detail=say("You cannot write in this name."))
    if to is None or not to.there:
        return _no(say("Nobody of this address can be written to from here."))
    if to.id == command.voice:
        return _no(say("That is you yourself."))
    if not words:
        return _no(say("Write something first."))
    if len(words) > WORDS or not is_plain(words):
        return _no(say("This has {length} characters; at most {most} fit.", length=len(words), most=WORDS))
    if facts.before > now - DAY:
        return Decision(Reason.FLOOD, detail=say("That was a lot for one day. Write on tomorrow."))
    if facts.blocked:
        return _no(say("They do not want messages of yours."))
    if command.answers and not facts.thread:
        return _no(say("What this answers is not held here any more."))
    kept = Keep(
        command.id, facts.thread or command.id, command.voice, command.member, to.id, command.about, words,
        command.help, now,
    )  # fmt: skip
    if to.inbox is None:
        return Decision(Reason.ACCEPTED, (kept,))
    if command.voice.startswith(MEMBER):
        return _no(say("What leaves this node goes out in a name: choose a practice, or publish a profile first."))
    made = Message(
        id=command.id, author=command.voice, to=to.id, content="", source=words, answers=command.answers,
        about=command.about, published=now, sequence=now,
    )  # fmt: skip
    document = build_message(made)
    try:
        read_message(document)
        said = activities.create(command.activity, command.voice, document, now)
    except ProtocolError as error:
        return _no(error.detail)
    return Decision(Reason.ACCEPTED, (kept,), says=(Draft(command.voice, said, (to.inbox,)),))


def decide_got(verified: Verified[Activity], got: Got, made: Message | None, text: str, now: int) -> Decision[Effect]:
    """A message came. made: it as it was read, None for what is no message to one. text: what it says, plain."""
    msg = verified.msg
    if made is None or activities.audience(msg) != "direct" or msg.to != (made.to,) or msg.cc:
        return Decision(Reason.ACCEPTED)  # other software's Notes to many: kept as every object is, shown nowhere
    if got.said_here:
        return Decision(Reason.ACCEPTED)
    if not got.ours:
        return Decision(Reason.NOT_FOUND)
    if got.blocked:
        return Decision(Reason.ACCEPTED)  # nobody is told that they are blocked, and what else they send still comes
    if got.before > now - DAY:
        return Decision(Reason.FLOOD, detail="So many messages of yours came today.")
    words = (made.source or text).strip()
    if not words:
        return Decision(Reason.MALFORMED, detail="A message says something.")
    if len(words) > WORDS:
        return Decision(Reason.TOO_LARGE)
    kept = Keep(made.id, got.thread or made.id, made.author, "", made.to, made.about, words, help=False, at=now)
    return Decision(Reason.ACCEPTED, (kept,))


def decide_act(command: Act, mine: Mine, _now: int) -> Decision[Effect]:
    if not mine.theirs:
        return Decision(Reason.NOT_FOUND)
    if command.what in ("block", "report") and (mine.writer or not mine.recipient):
        return _no(say("This is a message of your own."))
    if command.what == "close" and not mine.writer:
        return _no(say("Whoever asked says when they were helped."))
    if command.what not in ("block", "unblock", "report", "close", "delete"):
        return _no(say("Please choose one of these."))
    return Decision(Reason.ACCEPTED, (Done(command, mine.recipient, mine.author),))
