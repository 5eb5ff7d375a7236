"""Every sentence of the rules by which a new actor document is accepted (protocol section 2), as a table."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from protocol.errors import Reason
from protocol.identity import Held, Offered, Outcome, Pending, continuity, history_kept
from protocol.keys import HeldKey, PublicKey
from protocol.limits import FUTURE_SEQUENCE, HOUR, ROOT_WAIT
from tests.protocol.vocabulary_samples import RSA, ed25519, held, rsa

NOW = 1_800_000_000_000
ONE, TWO, THREE = (ed25519(n).public for n in (1, 2, 3))
ROOT, NEW_ROOT = ed25519(8).public, ed25519(9).public
R, R2 = ROOT.did(), NEW_ROOT.did()
OLD_DIGEST, DIGEST, OTHER_DIGEST = b"h" * 32, b"n" * 32, b"o" * 32

K1, K2, K3 = held(1), held(2), held(3)
ROTATED = (held(1, valid_until=NOW - 1), held(2, valid_from=NOW - 1))
MAIN = rsa()
OTHER_RSA = HeldKey(MAIN.id, MAIN.actor, TWO)  # another key under the same id


def have(*keys: HeldKey, proven: bool = True, pending: Pending | None = None, voided: tuple[bytes, ...] = ()) -> Held:
    return Held(keys or (K1,), 5, OLD_DIGEST, proven, pending, voided)


def offer(
    *keys: HeldKey,
    by: PublicKey | None = ONE,
    root: str | None = R,
    sequence: int = 6,
    digest: bytes = DIGEST,
    from_origin: bool = True,
) -> Offered:
    return Offered(keys or (K1,), sequence, digest, root, by, from_origin)


def waiting(digest: bytes = DIGEST, *, by_root: bool = True, since: int = NOW - HOUR, sequence: int = 6) -> Pending:
    return Pending(digest, sequence, since, by_root)


TABLE: list[tuple[str, Held | None, Offered, str | None, Outcome]] = [
    # A first meeting
    ("first met, from its origin", None, offer(), None, Outcome.ACCEPT),
    ("first met, brought by another", None, offer(from_origin=False), None, Outcome.VOID),
    (
        "first met, brought by another, signed by the pinned root",
        None,
        offer(by=ROOT, from_origin=False),
        R,
        Outcome.ACCEPT,
    ),
    ("first met, signed by a key not its own", None, offer(by=TWO), None, Outcome.VOID),
    ("first met, signed by a retired key of its own", None, offer(*ROTATED, by=ONE), None, Outcome.ACCEPT),
    ("first met, naming the pinned root", None, offer(), R, Outcome.ACCEPT),
    ("first met, naming no root", None, offer(root=None), R, Outcome.ACCEPT),
    ("first met, naming another root than pinned", None, offer(root=R2), R, Outcome.KEY_CHANGED),
    ("first met, legacy", None, offer(MAIN, by=None, root=None), None, Outcome.ACCEPT),
    (
        "first met, legacy, brought by another",
        None,
        offer(MAIN, by=None, root=None, from_origin=False),
        None,
        Outcome.VOID,
    ),
    # Signed by a key already held
    ("a new profile, same key", have(), offer(), R, Outcome.ACCEPT),
    ("the same, brought by another", have(), offer(from_origin=False), R, Outcome.ACCEPT),
    ("a rotation signed by the held key", have(), offer(*ROTATED), R, Outcome.ACCEPT),
    ("the first root it names", have(), offer(), None, Outcome.ACCEPT),
    ("naming no root any more", have(), offer(root=None), R, Outcome.ACCEPT),
    ("signed by a retired key", have(*ROTATED), offer(*ROTATED, by=ONE), R, Outcome.KEY_CHANGED),
    ("signed by a compromised key", have(held(1, compromised_since=1), K2), offer(K1, K2), R, Outcome.KEY_CHANGED),
    # Neither held key nor root
    ("signed by a key never announced", have(), offer(K1, K2, by=TWO), R, Outcome.KEY_CHANGED),
    ("signed by another root than pinned", have(), offer(by=NEW_ROOT, root=R2), R, Outcome.KEY_CHANGED),
    ("the same, brought by another", have(), offer(K1, K2, by=TWO, from_origin=False), R, Outcome.VOID),
    ("no proof any more", have(), offer(by=None), R, Outcome.KEY_CHANGED),
    ("no proof, brought by another", have(), offer(by=None, from_origin=False), R, Outcome.VOID),
    # Order
    ("the very one that is held", have(), offer(digest=OLD_DIGEST, by=TWO), R, Outcome.KNOWN),
    ("an older one", have(), offer(sequence=4), R, Outcome.STALE),
    ("an older one with other keys", have(), offer(K2, sequence=4, by=TWO), R, Outcome.STALE),
    ("as old, lower digest", have(), offer(sequence=5, digest=b"a" * 32), R, Outcome.STALE),
    ("as old, higher digest", have(), offer(sequence=5), R, Outcome.ACCEPT),
    ("more than a day ahead", have(), offer(sequence=NOW + FUTURE_SEQUENCE + 1), R, Outcome.VOID),
    # The whole history
    ("a retired key dropped", have(*ROTATED), offer(K2, by=TWO), R, Outcome.VOID),
    ("a retired key revived", have(*ROTATED), offer(K1, K2, by=TWO), R, Outcome.VOID),
    ("a retirement put off", have(*ROTATED), offer(held(1, valid_until=NOW), K2, by=TWO), R, Outcome.VOID),
    ("a compromise taken back", have(held(1, compromised_since=9), K2), offer(K1, K2, by=TWO), R, Outcome.VOID),
    (
        "a compromise moved on",
        have(held(1, compromised_since=9), K2),
        offer(held(1, compromised_since=10), K2, by=TWO),
        R,
        Outcome.VOID,
    ),
    (
        "a compromise found to be earlier",
        have(held(1, compromised_since=9), K2),
        offer(held(1, compromised_since=8), K2, by=TWO),
        R,
        Outcome.ACCEPT,
    ),
    ("another key under an old id", have(K1, K2), offer(HeldKey(K1.id, K1.actor, THREE), K2, by=TWO), R, Outcome.VOID),
    ("a new RSA key", have(K1, MAIN), offer(K1, OTHER_RSA), R, Outcome.ACCEPT),
    # The root alone
    ("signed by the root alone", have(), offer(K1, K2, by=ROOT), R, Outcome.WAIT),
    ("still waiting", have(pending=waiting()), offer(K1, K2, by=ROOT), R, Outcome.WAIT),
    ("waited 72 hours", have(pending=waiting(since=NOW - ROOT_WAIT)), offer(K1, K2, by=ROOT), R, Outcome.ACCEPT),
    (
        "another by the root starts anew",
        have(pending=waiting(OTHER_DIGEST, since=0)),
        offer(by=ROOT, sequence=7),
        R,
        Outcome.WAIT,
    ),
    ("an older one by the root", have(pending=waiting(OTHER_DIGEST, sequence=9)), offer(by=ROOT), R, Outcome.STALE),
    ("the key contradicts the root", have(pending=waiting(OTHER_DIGEST)), offer(), R, Outcome.ACCEPT),
    ("what was contradicted comes again", have(voided=(DIGEST,)), offer(by=ROOT), R, Outcome.VOID),
    ("and names another root now", have(voided=(DIGEST,)), offer(by=ROOT, root=R2), R, Outcome.VOID),
    ("the key agrees with the root", have(pending=waiting()), offer(), R, Outcome.ACCEPT),
    ("the root cannot rewrite the history", have(*ROTATED), offer(K2, by=ROOT), R, Outcome.VOID),
    # Replacing the root needs both
    ("a new root, signed by the key", have(), offer(root=R2), R, Outcome.WAIT),
    ("a new root, signed by the old root", have(), offer(root=R2, by=ROOT), R, Outcome.WAIT),
    ("a new root, waited for ever", have(pending=waiting(since=0)), offer(root=R2, by=ROOT), R, Outcome.WAIT),
    (
        "a new root, the key and then the root",
        have(pending=waiting(by_root=False)),
        offer(root=R2, by=ROOT),
        R,
        Outcome.ACCEPT,
    ),
    ("a new root, the root and then the key", have(pending=waiting()), offer(root=R2), R, Outcome.ACCEPT),
    # Peers that make no proofs
    ("legacy, same key", have(MAIN, proven=False), offer(MAIN, by=None, root=None), None, Outcome.ACCEPT),
    ("legacy, same key and one more", have(MAIN, proven=False), offer(MAIN, K1, by=None), None, Outcome.ACCEPT),
    ("legacy, another key", have(MAIN, proven=False), offer(OTHER_RSA, by=None, root=None), None, Outcome.KEY_CHANGED),
    (
        "legacy, same key, brought by another",
        have(MAIN, proven=False),
        offer(MAIN, by=None, from_origin=False),
        None,
        Outcome.VOID,
    ),
    ("legacy, an older date", have(MAIN, proven=False), offer(MAIN, by=None, sequence=1), None, Outcome.ACCEPT),
    ("legacy learns to make proofs", have(MAIN, proven=False), offer(MAIN, K1, by=ONE), None, Outcome.ACCEPT),
    ("legacy with a proof and another key", have(MAIN, proven=False), offer(K1, by=ONE), None, Outcome.KEY_CHANGED),
]


@pytest.mark.parametrize(("what", "before", "offered", "pinned", "outcome"), TABLE, ids=[row[0] for row in TABLE])
def test_the_rule(what: str, before: Held | None, offered: Offered, pinned: str | None, outcome: Outcome) -> None:
    ruling = continuity(before, offered, pinned, NOW)
    assert ruling.outcome is outcome
    assert ruling.because.endswith(".")


def test_when_a_wait_ends() -> None:
    first = continuity(have(), offer(by=ROOT), R, NOW)
    assert first.matures == NOW + ROOT_WAIT
    again = continuity(have(pending=waiting(since=NOW)), offer(by=ROOT), R, NOW + HOUR)
    assert again.matures == NOW + ROOT_WAIT
    assert continuity(have(), offer(root=R2, by=ROOT), R, NOW).matures is None


AFTER: list[tuple[str, Held, Offered, bool, bytes | None]] = [
    ("the key contradicts the root", have(pending=waiting(OTHER_DIGEST)), offer(), False, OTHER_DIGEST),
    ("and names a new root", have(pending=waiting(OTHER_DIGEST)), offer(root=R2), False, OTHER_DIGEST),
    ("the root contradicts itself", have(pending=waiting(OTHER_DIGEST)), offer(by=ROOT, sequence=7), False, None),
    ("the key contradicts itself", have(pending=waiting(OTHER_DIGEST, by_root=False)), offer(), False, None),
    ("the root waited", have(pending=waiting(since=NOW - ROOT_WAIT)), offer(by=ROOT), False, None),
    ("both", have(pending=waiting()), offer(root=R2), True, None),
    ("one alone", have(), offer(root=R2), False, None),
    ("the first root", have(), offer(), False, None),
]


@pytest.mark.parametrize(("what", "before", "offered", "new_root", "voids"), AFTER, ids=[row[0] for row in AFTER])
def test_what_a_ruling_leaves_behind(
    what: str, before: Held, offered: Offered, new_root: bool, voids: bytes | None
) -> None:
    ruling = continuity(before, offered, R, NOW)
    assert (ruling.new_root, ruling.voids) == (new_root, voids), what


def test_an_outcome_has_a_reason_of_the_wire() -> None:
    assert continuity(have(), offer(K1, K2, by=TWO), R, NOW).reason is Reason.KEY_CHANGED
    assert continuity(have(), offer(), R, NOW).reason is Reason.ACCEPTED
    assert continuity(have(), offer(sequence=1), R, NOW).reason is Reason.SUPERSEDED


KEYS = st.lists(st.sampled_from([K1, K2, K3, *ROTATED, MAIN, OTHER_RSA]), max_size=4).map(tuple)


@settings(deadline=None)
@given(KEYS, KEYS, st.sampled_from([THREE, NEW_ROOT, RSA.public]), st.integers(0, 10), st.booleans())
def test_no_stranger_is_ever_accepted(
    before: tuple[HeldKey, ...], after: tuple[HeldKey, ...], by: PublicKey, sequence: int, from_origin: bool
) -> None:
    known = Held(tuple(key for key in before if key.public != by), 5, OLD_DIGEST, True)
    ruling = continuity(known, Offered(after, sequence, DIGEST, R2, by, from_origin), R, NOW)
    assert ruling.outcome not in (Outcome.ACCEPT, Outcome.WAIT)


@settings(deadline=None)
@given(KEYS)
def test_a_history_keeps_itself(keys: tuple[HeldKey, ...]) -> None:
    assert history_kept((), keys)
    once = tuple({key.id: key for key in keys}.values())
    assert history_kept(once, once)
