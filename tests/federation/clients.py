"""Clients to try against the servers of hostile.py, and what a refusal must be."""

from collections.abc import Awaitable

import pytest

from node.federation.peer import PeerError, Session

SMALL = Session(body=10_000)
HASTY = Session(connect=300, read=300, total=600, body=10_000)  # for the cases of time alone


async def refused(attempt: Awaitable[object]) -> PeerError:
    """The error of an attempt that must fail, and say why in words."""
    with pytest.raises(PeerError) as caught:
        await attempt
    assert caught.value.sentence
    return caught.value
