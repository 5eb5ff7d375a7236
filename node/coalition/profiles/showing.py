"""What a member has to show, in words."""

from node.coalition.people import store as people_store
from node.coalition.permissions import ROLES
from node.coalition.profiles.rules import SHOWABLE
from node.storage.contract import Reads
from node.web.language import Catalogue


def showable(reads: Reads, member: str, language: Catalogue) -> dict[str, str]:
    """For each of SHOWABLE that is not empty, the lines that it comes to."""
    row = people_store.member(reads, member)
    if row is None:
        return {}
    organisations = [
        f"{each['name']} ({each['title']})" if each["title"] else each["name"]
        for each in people_store.affiliations(reads, member)
        if each["until"] is None
    ]
    roles = [
        f"{each['name'] or language.say('The coalition as a whole')}: {language.say(ROLES[each['role']])}"
        for each in people_store.roles(reads, member)
        if each["until"] is None and each["role"] in ROLES
    ]
    found = {
        "discipline": row["discipline"],
        "help": f"{language.say(SHOWABLE['help'])}: {row['help']}" if row["help"] else "",
        "organisations": "\n".join(organisations),
        "roles": "\n".join(roles),
    }
    return {name: text for name, text in found.items() if text}
