"""What the coalition mails, where it has a mail server: each is one message to one person, in their language.

Without a server nothing is mailed and nothing is lost: every link is on the page, to be handed over.
"""

from node import mail
from node.coalition import store as coalition_store
from node.coalition.settling import store
from node.mail import Mailbox
from node.sentence import say
from node.storage.contract import Reads, Storage
from node.web.language import Catalogue


class Letters:
    def __init__(self, storage: Storage) -> None:
        self._storage = storage

    async def test(self, mailbox: Mailbox, to: str, language: Catalogue) -> str:
        """Why a first message could not be sent by it, in a sentence; empty if it was."""
        subject = say("Mail works")
        text = say("This is the test that was asked for. The coalition's node can send mail by this server.")
        return await self._send(mailbox, to, subject, text, language)

    async def invite(self, to: str, link: str, by: str, language: Catalogue) -> str:
        """An invitation's link. Why it was not sent, in a sentence."""
        name = await self._storage.read(_name)
        text = say(
            "{by} invites you to {name}.\n\nOpen this link and choose a name and a password. It is for you alone:"
            "\n\n{link}\n\nNothing about you is stored before you do.",
            by=by or name, name=name, link=link,
        )  # fmt: skip
        return await self._send(None, to, say("You are invited to {name}", name=name), text, language)

    async def recover(self, to: str, link: str, language: Catalogue) -> str:
        """A link to a new password. Why it was not sent, in a sentence."""
        text = say(
            "By this link you choose a new password. It is good once, for a day:\n\n{link}\n\n"
            "If you did not ask for it, tell a coordinator.",
            link=link,
        )  # fmt: skip
        return await self._send(None, to, say("A new password"), text, language)

    async def _send(self, mailbox: Mailbox | None, to: str, subject: str, text: str, language: Catalogue) -> str:
        name, kept = await self._storage.read(lambda reads: (_name(reads), store.settled(reads).mailbox))
        by = mailbox or kept
        if by is None:
            return say("No mail server is set up here, so it was not sent. Hand the link over yourself.")
        return await mail.send(by, name, to, language.say(subject), language.say(text))


def _name(reads: Reads) -> str:
    coalition = coalition_store.coalition(reads)
    return coalition.name if coalition else ""
