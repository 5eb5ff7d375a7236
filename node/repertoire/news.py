"""What is new for a member in a time, for their digest: items of their practices, items of others, messages. Reads
only; what a member may not see is not in it, and nothing of anybody else's but what is public."""

from node.coalition.digests.sending import Line
from node.coalition.messages import store as messages
from node.repertoire import views
from node.sentence import Sentence, count, say, words
from node.storage.contract import Reads, Row

MOST = 10  # of each kind
_NEW = (
    "SELECT i.id, i.name, i.local, i.published, i.updated, a.name AS practice FROM item i"
    " LEFT JOIN actor a ON a.id = i.owner WHERE i.withdrawn IS NULL AND i.updated >= :since AND i.updated < :until"
    " AND {which} ORDER BY i.updated DESC, i.key DESC LIMIT :most"
)
_THEIRS = "SELECT practice FROM role WHERE member = :member AND until IS NULL"
_OWN = _NEW.format(which=f"i.owner IN ({_THEIRS})")
_OTHERS = _NEW.format(which=f"i.owner NOT IN ({_THEIRS})")


def news(reads: Reads, member: str, since: int, until: int) -> list[tuple[Sentence, list[Line]]]:
    """By heading."""
    waiting = messages.since(reads, member, since, until)
    told = [Line(count("{number} message", "{number} messages", waiting), "/messages")] if waiting else []
    named = {"member": member, "since": since, "until": until, "most": MOST}
    return [
        (words("Messages for you"), told),
        (
            words("New in your practices"),
            _lines(reads.all(_OWN, **named), since),
        ),
        (
            words("New from others"),
            _lines(reads.all(_OTHERS, **named), since),
        ),
    ]


def _lines(rows: list[Row], since: int) -> list[Line]:
    made: list[Line] = []
    for row in rows:
        named = {"title": row["name"], "practice": row["practice"] or ""}
        said = say("{title} ({practice})", **named)
        if row["published"] < since:
            said = say("{title} ({practice}), changed", **named)
        made.append(Line(said, views.item_url(row["id"], bool(row["local"]))))
    return made
