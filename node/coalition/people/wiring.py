"""What the members' part of this room registers with the gate."""

from collections.abc import Callable
from typing import Any

from node.coalition.awaited import rules as awaited
from node.coalition.awaited import store as awaited_store
from node.coalition.people import commands, rules, store
from node.gate.handler import CommandHandler
from node.storage.contract import Reads, Tx

SELF = "member.credentials"


Left = Callable[[Tx, str], None]  # a room above: this member leaves


def people_commands(left: tuple[Left, ...] = ()) -> dict[type, CommandHandler[Any, Any, Any]]:
    """Command → handler, with its act, where it happens and whom it concerns."""

    def of(decide: Any, act: str, **more: Any) -> CommandHandler[Any, Any, Any]:
        return CommandHandler(store.load, decide, store.apply, act, **more)

    def expected(decide: Any, act: str, **more: Any) -> CommandHandler[Any, Any, Any]:
        return CommandHandler(awaited_store.load, decide, awaited_store.apply, act, **more)

    def leave(tx: Tx, command: commands.Leave, effects: Any, now: int) -> None:
        store.apply(tx, command, effects, now)
        for forget in left:
            forget(tx, command.member)

    return {
        awaited.Await: expected(awaited.decide_await, "member.invite", where=_practice, names=_id),
        awaited.SendFor: expected(awaited.decide_send_for, "import", names=_first),
        awaited.Come: expected(awaited.decide_come, "member.join", names=_member),
        awaited.Unawait: expected(awaited.decide_unawait, "import", names=_member),
        awaited.NoteOrganisation: expected(awaited.decide_organisation, "organisation.note", names=_organisation),
        awaited.RemoveOrganisation: expected(awaited.decide_remove, "import", names=_organisation),
        commands.MakeInvitation: of(rules.decide_invite, "member.invite", where=_practice, names=_id),
        commands.RevokeInvitation: of(rules.decide_plainly, "member.invite", where=_invited_to, names=_id),
        commands.MakeRecovery: of(rules.decide_recovery, "member.recover", names=_member),
        commands.Join: of(rules.decide_join, "member.join", names=_member),
        commands.Begin: of(rules.decide_begin, "member.begin", names=_member),
        commands.Recover: of(rules.decide_recover, "member.recovered"),
        commands.DescribeMember: of(rules.decide_describe, "member.describe", about=_member),
        commands.ChangePassword: of(rules.decide_plainly, SELF, about=_member),
        commands.EndSession: of(rules.decide_plainly, SELF, about=_member),
        commands.MakeToken: of(rules.decide_token, SELF, about=_member, names=_id),
        commands.RevokeToken: of(rules.decide_plainly, SELF, about=_member, names=_id),
        commands.Suspend: of(rules.decide_suspend, "member.suspend", names=_member),
        commands.Readmit: of(rules.decide_of_member, "member.suspend", names=_member),
        commands.Leave: CommandHandler(store.load, rules.decide_leave, leave, "member.leave", about=_member),
        commands.GiveRole: of(rules.decide_role, "role.give", where=_practice, names=_member),
        commands.EndRole: of(rules.decide_end_role, "role.give", where=_practice, names=_member),
        commands.JoinPractice: of(rules.decide_join_practice, "practice.join", where=_practice, about=_member),
        commands.LeavePractice: of(rules.decide_leave_practice, "practice.leave", where=_practice, about=_member),
        commands.Affiliate: of(rules.decide_affiliate, "member.describe", about=_member),
        commands.EndAffiliation: of(rules.decide_end_affiliation, "member.describe", about=_member),
    }


def _member(_reads: Reads, command: Any) -> str:
    return command.member


def _practice(_reads: Reads, command: Any) -> str:
    return command.practice


def _id(_reads: Reads, command: Any) -> str:
    return command.id


def _first(_reads: Reads, command: awaited.SendFor) -> str:
    return command.links[0].member if len(command.links) == 1 else ""


def _organisation(_reads: Reads, command: Any) -> str:
    return command.organisation


def _invited_to(reads: Reads, command: commands.RevokeInvitation) -> str:
    row = reads.one("SELECT practice FROM invitation WHERE id = :id", id=command.id)
    return row["practice"] if row else ""
