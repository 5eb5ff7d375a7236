"""Who can do what: one table, for pages, API and command line alike, and for the page that shows it. Pure.

Every command of every room names an act of this table; the gate asks it before anything is decided. A standing is
what somebody is at this node, in one practice, and towards whom the act concerns.
"""

from types import MappingProxyType

import msgspec

from node.sentence import Sentence, say, words

# The roles of mission.md. In a practice, all of them belong to it; `guest` of features.md D3 is no member.
ROLES = MappingProxyType(
    {
        "coordinator": words("Coordinator"),
        "core": words("Core group"),
        "member": words("Member"),
        "honorary": words("Honorary member"),
        "expert": words("Expert"),
        "facilitator": words("Facilitator"),
        "sponsor-liaison": words("Sponsor liaison"),
        "broker": words("Broker"),
        "steward": words("Steward"),
    }
)

ANYONE, SELF, MEMBER, BELONGS, CORE = "anyone", "self", "member", "belongs", "core"
PRACTICE, BROKER, COALITION, OPERATOR = "practice coordinator", "broker", "coalition coordinator", "operator"
STANDINGS = MappingProxyType(
    {
        ANYONE: words("anyone, signed in or not"),
        SELF: words("the member concerned"),
        MEMBER: words("every member of the coalition"),
        BELONGS: words("members of the practice"),
        CORE: words("the practice's core group"),
        PRACTICE: words("the practice's coordinators"),
        BROKER: words("brokers and stewards"),
        COALITION: words("the coalition's coordinators"),
        OPERATOR: words("whoever operates the machine"),
    }
)

SCOPES = MappingProxyType(
    {
        "read": words("Read what you may read"),
        "publish": words("Publish, edit and withdraw items"),
        "connect": words("Follow and recommend"),
        "organise": words("Practices, roles and invitations"),
        "self": words("Your own membership and data"),
        "operate": words("Operate the node"),
    }
)


class Act(msgspec.Struct, frozen=True):
    """One line of the table. scope: what an access token must be good for."""

    words: Sentence
    scope: str
    may: frozenset[str]


def _act(said: Sentence, scope: str, *may: str) -> Act:
    return Act(said, scope, frozenset(may))


ACTS = MappingProxyType(
    {
        "coalition.describe": _act(words("Change the coalition's name and place"), "organise", COALITION, OPERATOR),
        "coalition.settle": _act(
            words("Settle what the coalition cares about, its mail, and how it begins"), "organise", COALITION
        ),
        "practice.open": _act(words("Open a practice"), "organise", COALITION, OPERATOR),
        "practice.describe": _act(
            words("Change what a practice cares about"), "organise", PRACTICE, COALITION, OPERATOR
        ),
        "practice.split": _act(words("Split a practice"), "organise", PRACTICE, COALITION, OPERATOR),
        "practice.seats": _act(words("Say who should be in a practice"), "organise", PRACTICE, COALITION),
        "practice.join": _act(words("Join a practice"), "self", SELF),
        "practice.leave": _act(words("Leave a practice"), "self", SELF),
        "practice.members": _act(words("See who belongs to a practice"), "read", BELONGS, COALITION),
        "group.note": _act(words("Note a group that has no node"), "organise", MEMBER, COALITION),
        "role.give": _act(words("Give and end roles"), "organise", PRACTICE, COALITION),
        "member.invite": _act(words("Invite someone"), "organise", PRACTICE, COALITION, OPERATOR),
        "member.join": _act(words("Join by an invitation's link"), "self", ANYONE),
        "member.begin": _act(words("Be the first coordinator, by the machine's own link"), "self", ANYONE),
        "member.recovered": _act(words("Take a new password by a recovery's link"), "self", ANYONE),
        "member.read": _act(words("See the members of the coalition"), "read", MEMBER),
        "member.suspend": _act(words("Suspend a member, and let them in again"), "organise", COALITION),
        "member.recover": _act(words("Give a member a new way to sign in"), "organise", COALITION, OPERATOR),
        "member.describe": _act(words("Change a member's details"), "self", SELF),
        "member.publish": _act(words("Publish a profile, and take it back"), "self", SELF),
        "member.leave": _act(words("Leave the coalition and delete one's data"), "self", SELF),
        "member.credentials": _act(words("Change one's password, passkeys, sessions and tokens"), "self", SELF),
        "search.keep": _act(words("Keep searches, each with a feed"), "self", SELF),
        "message.write": _act(words("Write to people, and read what they write"), "self", SELF),
        "message.reported": _act(words("Read messages that were reported"), "organise", COALITION),
        "organisation.note": _act(words("Add and change organisations"), "organise", MEMBER),
        "organisation.merge": _act(words("Make one of two organisations that are the same"), "organise", COALITION),
        "import": _act(words("Import tables, and undo it"), "organise", COALITION),
        "item.publish": _act(words("Publish and adapt items"), "publish", BELONGS, COALITION, OPERATOR),
        "item.keep": _act(words("Keep drafts, and items for members alone"), "publish", BELONGS, COALITION),
        "item.edit": _act(words("Edit items"), "publish", BELONGS, COALITION, OPERATOR),
        "item.withdraw": _act(words("Withdraw items"), "publish", CORE, PRACTICE, COALITION, OPERATOR),
        "item.report": _act(
            words("Tell how an adaptation goes: visits, stages, results, lessons"),
            "publish",
            BELONGS,
            COALITION,
            OPERATOR,
        ),
        "item.credit": _act(words("Credit in an item what came back to it"), "publish", BELONGS, COALITION, OPERATOR),
        "coach.answer": _act(
            words("Say that one coaches an adaptation, and take it back"), "publish", SELF, PRACTICE, COALITION
        ),
        "item.cross": _act(words("Note where an item was brought in from and applied"), "publish", BELONGS),
        "item.uncross": _act(words("Remove such a note"), "publish", SELF, PRACTICE, COALITION),
        "item.recommend": _act(words("Recommend items of others"), "connect", BROKER, COALITION, OPERATOR),
        "trust.read": _act(words("See whom the coalition trusts, and why"), "read", MEMBER),
        "trust.own": _act(words("Say whom one trusts oneself"), "connect", SELF),
        "trust.state": _act(
            words("Say whom a practice or the coalition trusts"), "connect", BROKER, PRACTICE, COALITION
        ),
        "follow.ask": _act(words("Follow nodes and practices"), "connect", BROKER, COALITION, OPERATOR),
        "follow.end": _act(words("Stop following"), "connect", BROKER, COALITION, OPERATOR),
        "follower.remove": _act(words("Remove a follower"), "connect", COALITION, OPERATOR),
        "node.operate": _act(words("See how the node is doing; confirm keys"), "operate", COALITION, OPERATOR),
        "audit.read": _act(words("Read the record of what was done"), "operate", COALITION),
    }
)


def may(act: str, standings: frozenset[str]) -> bool:
    """True if one of these standings is enough. LookupError for an act that is not in the table."""
    return ANYONE in ACTS[act].may or bool(ACTS[act].may & standings)


def refusal(act: str, standings: frozenset[str], scopes: frozenset[str] | None = None) -> str:
    """Why somebody of these standings may not, in a sentence; empty if they may.

    scopes: what their access token is good for; None if they came without one.
    """
    if not may(act, standings):
        return say("{what}: this is for {who}.", what=ACTS[act].words, who=named(ACTS[act].may))
    if scopes is not None and ACTS[act].scope not in scopes:
        return say("This token is not good for “{scope}”.", scope=SCOPES[ACTS[act].scope])
    return ""


def named(standings: frozenset[str]) -> Sentence:
    """Standings in words, in the order of the table."""
    found = [said for standing, said in STANDINGS.items() if standing in standings]
    text = found[0]
    for more in found[1:-1]:
        text = say("{some}, {more}", some=text, more=more)
    return say("{some} or {more}", some=text, more=found[-1]) if len(found) > 1 else text


def standings(
    roles: frozenset[str],
    practice_roles: frozenset[str],
    *,
    member: bool,
    operator: bool,
    itself: bool,
) -> frozenset[str]:
    """What somebody is. roles: of the coalition as a whole; practice_roles: in the practice concerned.

    member: an active one, without which roles count for nothing. itself: the act concerns them.
    """
    found = {ANYONE}
    if operator:
        found.add(OPERATOR)
    if not member:
        return frozenset(found)
    found.add(MEMBER)
    if itself:
        found.add(SELF)
    if practice_roles:
        found.add(BELONGS)
    if practice_roles & {"core", "coordinator"}:
        found.add(CORE)
    if "coordinator" in practice_roles:
        found.add(PRACTICE)
    if "coordinator" in roles:
        found.add(COALITION)
    if (roles | practice_roles) & {"broker", "steward"}:
        found.add(BROKER)
    return frozenset(found)
