"""What the practices' part of this room registers with the gate."""

from typing import Any

from node.coalition.practices import commands, group_rows, groups, rules, store
from node.gate.handler import CommandHandler
from node.storage.contract import Reads


def practice_commands() -> dict[type, CommandHandler[Any, Any, Any]]:
    """Command → handler, with its act, where it happens and whom it concerns."""
    return {
        commands.DescribePractice: CommandHandler(
            store.load_describe, rules.decide_describe, store.apply, "practice.describe", where=_actor, names=_actor
        ),
        commands.SplitPractice: CommandHandler(
            store.load_split, rules.decide_split, store.apply, "practice.split", where=_parent, names=_opened
        ),
        commands.ChooseSplit: CommandHandler(
            store.load_choice, rules.decide_choice, store.apply, "practice.join", where=_child, about=_member
        ),
        commands.DeclinePart: CommandHandler(
            store.load_decline, rules.decide_decline, store.apply, "follow.ask", names=_child
        ),
        commands.NoteGroup: CommandHandler(
            group_rows.load, groups.decide_note, group_rows.apply, "group.note", names=_id
        ),
        commands.ClaimGroup: CommandHandler(
            group_rows.load, groups.decide_claim, group_rows.apply, "group.note", names=_id
        ),
        commands.ForgetGroup: CommandHandler(
            group_rows.load, groups.decide_forget, group_rows.apply, "group.note", names=_id
        ),
    }


def _id(_reads: Reads, command: Any) -> str:
    return command.id


def _actor(_reads: Reads, command: Any) -> str:
    return command.actor


def _parent(_reads: Reads, command: Any) -> str:
    return command.parent


def _child(_reads: Reads, command: Any) -> str:
    return command.child


def _member(_reads: Reads, command: Any) -> str:
    return command.member


def _opened(_reads: Reads, command: commands.SplitPractice) -> str:
    return " ".join(part.actor for part in command.parts)
