"""A process that a test kills: it writes in groups and prints the number of each activity once it was answered.

`python -m tests.storage.writer ENGINE PLACE FIRST`
"""

import asyncio
import sys
from functools import partial
from itertools import count

from node.storage.contract import StorageBusy, Tx
from tests.storage.opening import OPEN
from tests.storage.sayings import make_set, say

CLIENTS = 40


def work(number: int, tx: Tx) -> None:
    tx.run("INSERT INTO tally(n) VALUES(:n)", n=number)
    say(tx, number)


async def main(engine: str, place: str, first: int) -> None:
    storage = await OPEN[engine](place)
    await storage.transact(make_set)
    numbers = count(first)

    async def client() -> None:
        while True:
            number = next(numbers)
            try:
                await storage.transact(partial(work, number))
            except StorageBusy:
                continue  # kept or not, nobody was told
            print(number, flush=True)

    await storage.transact(lambda tx: tx.run("CREATE TABLE IF NOT EXISTS tally(n INTEGER)"), ("tally",))
    await asyncio.gather(*[client() for _ in range(CLIENTS)])


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1], sys.argv[2], int(sys.argv[3])))
