"""Trust in words: a level, a hop, a way. Pure; sentences that every language can say in its own order."""

from types import MappingProxyType

from node.sentence import Sentence, count, say, together, words
from node.trust.explaining import Explanation, Hop, Party, Way
from node.web import words as web
from protocol.vocabulary.trust import EVERYTHING

LEVELS = MappingProxyType(
    {
        "vouched": words("We vouch for them"),
        "worked-together": words("We have worked together"),
        "met": words("We have met"),
        "known": words("We know of them"),
        "none": words("No trust: it ends what we said before"),
    }
)
# Of one hop, beside its subject: "Anna Ruiz (worked together since 2019)".
_HOW = MappingProxyType(
    {
        "vouched": words("vouched for"),
        "worked-together": words("worked together"),
        "met": words("met"),
        "known": words("known"),
        "none": words("no trust"),
    }
)
# What protocol/vocabulary/trust.py says of a form that cannot count, in words that a translator has seen.
FAULTS = (
    words("A trust statement is a cw:TrustStatement or a cw:Concern."),
    words("A trust statement names who makes it and whom it is about."),
    words("Nobody makes a trust statement about themselves."),
    words("A trust statement ends after its start, and at most 366 days later."),
    words("A trust statement is for one cw:domain, or for *."),
    words("cw:level must be one of none, known, met, worked-together, vouched."),
    words("cw:since must be a year or a day."),
    words("cw:subjectKey must be a key of its subject, as multibase."),
    words("cw:grounds must be a text, or an object with content and cw:links."),
    words("cw:domain must be a path of slugs below one of the nine roots."),
)


def how(level: str, since: str = "") -> Sentence:
    """How two know each other, in a few words."""
    said = _HOW.get(level) or words(level)
    return say("{how} since {since}", how=said, since=since) if since else said


def domain(path: str) -> Sentence:
    """What for: a domain in words, the whole path."""
    if path == EVERYTHING:
        return words("everything")
    return together(web.domain(path), " › ")


def narrow(path: str) -> Sentence:
    """The narrowest part of it, where there is little room."""
    return words("everything") if path == EVERYTHING else together(web.domain(path)[-1:])


def party(of: Party) -> str:
    """A name, and whose where that says more."""
    return say("{name} ({of})", name=of.name, of=of.of) if of.of else of.name


def hop(of: Hop) -> Sentence:
    """One statement as a sentence."""
    named = {"who": party(of.issuer), "whom": party(of.subject), "what": domain(of.domain)}
    match of.level:
        case "vouched":
            said = say("{who} vouches for {whom} for {what}", **named)
        case "worked-together":
            said = say("{who} has worked with {whom} on {what}", **named)
        case "met":
            said = say("{who} has met {whom} about {what}", **named)
        case "none":
            said = say("{who} says that {whom} is not to be trusted for {what}", **named)
        case _:
            said = say("{who} knows {whom} for {what}", **named)
    return say("{said}, since {since}", said=said, since=of.since) if of.since else said


def way(of: Way) -> Sentence:
    """A way from us in one sentence: how far, through whom, for what."""
    if len(of) == 1:
        return say("{said} (said here)", said=hop(of[0]))
    first = of[0]
    said = say("{whom} ({how})", whom=party(first.subject), how=how(first.level, first.since))
    for number, each in enumerate(of[1:], 2):
        named = {"before": said, "whom": party(each.subject), "what": domain(each.domain)}
        last = number == len(of)
        match each.level, last:
            case "vouched", True:
                said = say("{before} vouches for {whom} for {what}", **named)
            case "worked-together", True:
                said = say("{before} has worked with {whom} on {what}", **named)
            case "met", True:
                said = say("{before} has met {whom} about {what}", **named)
            case _, True:
                said = say("{before} knows {whom} for {what}", **named)
            case _:
                said = say("{before}, and through them {whom} ({how})", how=how(each.level, each.since), **named)
    return count("{number} step away: {said}", "{number} steps away: {said}", len(of), said=said)


def brief(of: Explanation) -> Sentence | None:
    """For a card in a list; None if nothing is known."""
    if of.veto is not None:
        return words("Not trusted by us for this")
    if of.ways:
        found = of.ways[0]
        if len(found) == 1:
            return say("{who}: {how}", who=party(found[0].issuer), how=how(found[0].level, found[0].since))
        return say("{number} steps away, through {whom}", number=len(found), whom=party(found[0].subject))
    if of.instead:
        return say("Its coalition: {said}", said=brief(Explanation(of.subject, of.domain, of.instead)))
    return None


def line(of: Explanation) -> Sentence:
    """For the page of a practice, a person or an item."""
    if of.veto is not None:
        return hop(of.veto)
    if of.ways:
        return way(of.ways[0])
    if of.instead:
        return say("No way to them for this, but to their coalition: {said}", said=way(of.instead[0]))
    return say("No way from us to them for {what} yet.", what=domain(of.domain))
