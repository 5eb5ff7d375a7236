"""Starts nodes as `python -m node run` does, but for the second that its imports take, so that many may be killed.

A process of its own that has the program imported and nothing running: for each line of JSON on its standard input
(arguments of the command line) it forks a child that becomes the program, says the child's process id, and says when
it has ended. A child's own log goes to the file named `log`.
"""

import json
import os
import sys
from typing import NoReturn

from node import __main__ as program


def main() -> None:
    for line in sys.stdin:
        order = json.loads(line)
        pid = os.fork()
        if not pid:
            _become(order["log"], order["arguments"])
        print(pid, flush=True)
        os.waitpid(pid, 0)
        print("ended", flush=True)


def _become(log: str, arguments: list[str]) -> NoReturn:
    out = os.open(log, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
    os.dup2(out, 1)
    os.dup2(out, 2)
    os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
    sys.argv = ["commonweave", *arguments]
    try:
        program.main()
    finally:
        os._exit(0)


if __name__ == "__main__":
    main()
