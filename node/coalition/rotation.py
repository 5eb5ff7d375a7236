"""A node's own keys give way to the next ones (protocol section 2).

The present key announces its successor, and then its secret is destroyed. If it is in other hands, whatever it signed
and still stands is signed anew by the successor, and goes to the end of its log, so that everyone who holds it gets
the proof that counts. The node is stopped meanwhile: no process may go on signing with what has retired. Broken off
at any point, it is run once more.
"""

import asyncio

from node.coalition import rules, store
from node.gate.desk import Desk
from node.gate.handler import BY_NODE, Carrier
from node.keystore import Keystore
from protocol import canonical, integrity
from protocol.errors import ProtocolError, Reason


async def rotate(desk: Desk, keystore: Keystore, actor: str, *, compromised: bool) -> int:
    """The actor's next keys are its keys; how many activities were signed anew. ProtocolError, KeystoreError."""
    while not await _turn(desk, keystore, actor, compromised=compromised):
        pass  # one that was broken off has been finished; now the one that is asked for
    return await _renew(desk, keystore, actor)


async def _turn(desk: Desk, keystore: Keystore, actor: str, *, compromised: bool) -> bool:
    """One rotation; False if its announcement stood there already."""
    ed25519 = keystore.begin_rotation(actor, "ed25519")
    rsa = await asyncio.to_thread(keystore.begin_rotation, actor, "rsa")
    outcome = await desk.gate.perform(
        rules.RotateKeys(
            actor, ed25519.key.public, ed25519.id, rsa.key.public, rsa.id, desk.new("activities"), compromised
        ),
        BY_NODE,
    )
    if outcome.reason not in (Reason.ACCEPTED, Reason.EXISTS):
        raise ProtocolError(outcome.reason, outcome.detail)
    keystore.finish_rotation(actor, "ed25519")
    keystore.finish_rotation(actor, "rsa")
    return outcome.done


async def _renew(desk: Desk, keystore: Keystore, actor: str) -> int:
    """Sign anew what is alive and bears a key that is in other hands; it enters by the gate as everybody's would."""
    lost = await desk.storage.read(lambda reads: store.lost_keys(reads, actor))
    key, method = keystore.ed25519(actor), keystore.ed25519_id(actor)
    after = done = 0
    while lost:
        rows = await desk.storage.read(lambda reads, after=after: store.alive(reads, actor, after))
        for row in rows:
            after = row["key"]
            if canonical.read(row["raw"]).value["proof"]["verificationMethod"] not in lost:
                continue
            raw = integrity.sign(store.unproved(row["raw"]), key, method, desk.clock.now())
            answer = await desk.gate.receive(raw, Carrier(actor, "own"))
            if answer.reason is not Reason.KNOWN:
                raise ProtocolError(answer.reason, answer.detail)
            done += 1
        if not rows:
            break
    return done
