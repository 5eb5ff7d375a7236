"""What the members' pages might have to show."""

from typing import Any

from node.coalition.people.rules import SECTORS
from node.coalition.permissions import ACTS, ROLES, SCOPES, STANDINGS
from node.coalition.profiles.rules import SHOWABLE
from node.coalition.seats.pages import Seat
from node.web.forms import Form
from node.web.language import LANGUAGES
from tests.web.sample_facts import DAY, NO_PAGE, NOW
from tests.web.sample_trust import TRUSTED

_ZONES = [("America/New_York", "America/New_York"), ("UTC", "UTC")]
_SPEAKS = list(LANGUAGES.items())
_MEMBER = {
    "id": "m1", "name": "Marty Sumner", "email": "marty@highpoint.example", "sign_in": "marty", "language": "en",
    "time_zone": "America/New_York", "sector": "public", "discipline": "Policing", "help": "Calling in offenders.",
    "state": "active", "joined": NOW - 90 * DAY,
}  # fmt: skip
_ROLES = [
    {"practice": "p", "role": "coordinator", "since": NOW - 9 * DAY, "until": None, "name": "Safe streets",
     "slug": "safe-streets"},
    {"practice": "", "role": "broker", "since": NOW - 90 * DAY, "until": NOW - DAY, "name": None, "slug": None},
]  # fmt: skip
_AFFILIATIONS = [
    {"key": 1, "name": "High Point Police", "sector": "public", "title": "Chief", "since": "2014-01-31", "until": None},
    {"key": 2, "name": "City of Greensboro", "sector": "public", "title": "", "since": "1990-05-01",
     "until": "2014-01-30"},
]  # fmt: skip
_INVITATIONS = [
    {"id": "i1", "practice": "", "practice_name": None, "role": "coordinator", "note": "The pastor", "name": "Marty",
     "left_uses": 1, "made": NOW, "expires": NOW + 9 * DAY},
    {"id": "i2", "practice": "p", "practice_name": "Safe streets", "role": "member", "note": "", "name": None,
     "left_uses": 30, "made": NOW, "expires": NOW + DAY},
]  # fmt: skip
_TOKENS = [{"id": "t1", "name": "The website", "scopes": "read", "made": NOW, "expires": NOW + 9 * DAY, "used": NOW}]
_SESSIONS = [
    {"id": "00", "agent": "Mozilla/5.0 (X11; Linux x86_64; rv:128.0)", "created": NOW, "seen": NOW, "here": True},
    {"id": "01", "agent": "", "created": NOW - DAY, "seen": NOW - DAY, "here": False},
]
_ASKED = {
    "child": "c", "parent": "p", "name": "Drug markets", "slug": "drug-markets", "summary": "Corners.",
    "parent_name": "Safe streets", "parent_slug": "safe-streets",
}  # fmt: skip
_ME = {
    "passkeys": 1, "coaching": 1, "asked": (_ASKED,),
    "member": _MEMBER, "roles": _ROLES, "affiliations": _AFFILIATIONS, "sessions": _SESSIONS, "tokens": _TOKENS,
    "form": Form(), "details": Form({"name": "Marty Sumner", "sector": "public"}), "token": "cwm1_abc",
    "profile": {"handle": "marty"},
    "role_words": ROLES, "scopes": list(SCOPES.items()), "scope_words": SCOPES, "sectors": list(SECTORS.items()),
    "sector_words": SECTORS, "speaks": _SPEAKS, "zones": _ZONES, "today": "2026-05-07",
}  # fmt: skip
_JOIN = {
    "form": Form({"name": "Ana"}), "action": "/join/x", "role": ROLES["coordinator"], "practice": "Safe streets",
    "recovering": False, "name": "", "sign_in": "", "expires": NOW + DAY, "zones": _ZONES, "speaks": _SPEAKS,
    "noted": None, "role_words": ROLES,
}  # fmt: skip
_AUDIT = [
    {"at": NOW, "member": "m1", "via": "page", "act": "item.publish", "practice": "p", "subject": "https://a.example/x",
     "name": "Marty Sumner"},
    {"at": NOW, "member": "operator", "via": "command line", "act": "practice.open", "practice": "", "subject": "",
     "name": None},
]  # fmt: skip

_PROFILE = {
    "name": "Marty Sumner", "handle": "marty-sumner", "published": NOW, "previewing": True, "form": Form(),
    "host": "highpoint.example", "summary": "Policing\n\nCan help with: Calling in offenders.",
    "choices": [(each, said, "" if each == "roles" else "Some.", each == "help") for each, said in SHOWABLE.items()],
}  # fmt: skip
_PERSON = {"name": "Marty Sumner", "summary": "Policing\n\nHigh Point Police (Chief)", "handle": "marty-sumner",
           "trusted": None, "host": "highpoint.example", "since": NOW}  # fmt: skip

_LINK = "https://highpoint.example/join/abcdefghijklmnopqrstuvwxyz012345"
_NOTED = {"practice": "p", "name": "Safe streets", "role": "expert", "organisation": "City Hospital",
          "title": "Nurse", "since": "2020-05-01"}  # fmt: skip
_EXPECTED = [{"id": "m9", "name": "Ana Ruiz", "email": "ana@highpoint.example", "expires": NOW + DAY},
             {"id": "m8", "name": "Bo", "email": None, "expires": None}]  # fmt: skip

_ORGANISATION = {
    "organisation": {"id": "o1", "name": "High Point Police", "sector": "public", "place": "High Point"},
    "people": [{"id": "m1", "name": "Marty", "title": "Chief", "since": "2014-01-31", "until": None},
               {"id": "m2", "name": "Jim", "title": "", "since": "1990-05-01", "until": "2014-01-30"}],
    "practices": [{"slug": "safe-streets", "name": "Safe streets", "people": 1}],
    "form": Form({"name": "High Point Police"}), "sectors": list(SECTORS.items()), "sector_words": SECTORS,
    "others": [("o2", "The police of High Point")],
}  # fmt: skip

RICH: dict[str, tuple[str, dict[str, Any], bool]] = {
    "passkeys": (
        "passkeys.html",
        {"form": Form(), "possible": True, "passkeys": [
            {"id": "k1", "name": "My telephone", "made": NOW - DAY, "used": NOW},
            {"id": "k2", "name": "Key on my ring", "made": NOW, "used": None},
        ]},
        True,
    ),
    "passkeys-none": ("passkeys.html", {"form": Form(), "possible": False, "passkeys": []}, True),
    "join": ("join.html", _JOIN, False),
    "join-awaited": ("join.html", {**_JOIN, "noted": _NOTED}, False),
    "recover": ("join.html", {**_JOIN, "recovering": True, "name": "Marty", "sign_in": "marty"}, False),
    "organisations": (
        "organisations.html",
        {"organisations": [{"id": "o1", "name": "High Point Police", "sector": "public", "place": "High Point",
                            "people": 2}], "q": "", "page": NO_PAGE, "sector_words": SECTORS},
        True,
    ),
    "organisations-none": (
        "organisations.html", {"organisations": [], "q": "", "page": NO_PAGE, "sector_words": SECTORS}, True
    ),
    "organisation": ("organisation.html", _ORGANISATION, True),
    "person": ("person.html", _PERSON, False),
    "person-trusted": ("person.html", {**_PERSON, "trusted": TRUSTED}, True),
    "profile": ("profile.html", _PROFILE, True),
    "profile-first": (
        "profile.html", {**_PROFILE, "published": None, "previewing": False, "form": Form({"handle": "marty"})}, True
    ),
    "link": ("link.html", {"link": _LINK, "name": "", "days": 0}, True),
    "link-awaited": ("link.html", {"link": _LINK, "name": "Ana Ruiz", "days": 30}, True),
    "invite": (
        "invite.html",
        {"form": Form({"days": "14", "uses": "1"}), "roles": list(ROLES.items()), "role_words": ROLES,
         "link": "https://highpoint.example/join/abcdefghijklmnopqrstuvwxyz012345", "everywhere": True,
         "practices": [("safe-streets", "Safe streets")], "invitations": _INVITATIONS},
        True,
    ),
    "members": (
        "members.html",
        {"members": [_MEMBER, {**_MEMBER, "id": "m2", "sector": "", "help": ""}], "q": "", "page": NO_PAGE,
         "suspended": [{"id": "m3", "name": "Somebody"}], "may_invite": True, "sector_words": SECTORS,
         "may_import": True, "expected": _EXPECTED},
        True,
    ),
    "members-none": (
        "members.html",
        {"members": [], "q": "x", "page": NO_PAGE, "suspended": [], "may_invite": False, "sector_words": SECTORS,
         "may_import": False, "expected": []},
        True,
    ),
    "member": (
        "member.html",
        {"member": _MEMBER, "roles": _ROLES, "affiliations": _AFFILIATIONS, "may_suspend": True, "may_recover": True,
         "places": [("", "All"), ("p", "Safe streets")], "ends": _ROLES[:1], "role_words": ROLES,
         "role_list": list(ROLES.items()), "sector_words": SECTORS, "noted": None},
        True,
    ),
    "member-awaited": (
        "member.html",
        {"member": {**_MEMBER, "state": "invited"}, "roles": [], "affiliations": [], "may_suspend": False,
         "may_recover": False, "places": [], "ends": [], "role_words": ROLES, "role_list": list(ROLES.items()),
         "sector_words": SECTORS, "noted": _NOTED},
        True,
    ),
    "me": ("me.html", _ME, True),
    "practice-members": (
        "practice_members.html",
        {"practice": {"name": "Safe streets", "slug": "safe-streets"}, "people": [_MEMBER], "page": NO_PAGE,
         "why": {"m1": "My brother was shot here."},
         "organisations": [
             {"name": "High Point Police", "sector": "public", "people": 2, "only": 1},
             {"name": "City", "sector": "", "people": 1, "only": 0},
         ], "role_words": ROLES, "may_seat": True, "seat_kinds": (("organisation", "Somebody from it"),),
         "sectors": (("public", "Public"),),
         "seats": (
             (Seat(id="s1", kind="organisation", name="School district", taken=False), "School district"),
             (Seat(id="s2", kind="discipline", name="Nursing", taken=True), "Nursing"),
         )},
        True,
    ),
    "permissions": ("permissions.html", {"acts": ACTS, "standings": STANDINGS, "mine": frozenset({"member"})}, True),
    "record": (
        "record.html",
        {"rows": _AUDIT, "acts": ACTS, "via": {"page": "on a page"}, "operator": "operator", "page": NO_PAGE},
        True,
    ),
}  # fmt: skip
