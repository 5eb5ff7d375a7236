"""`python -m tests.bench [PART …]`, of those in PARTS: run, print, write bench.json.

Ends with a status other than 0 if any answer, or what was stored or arrived, is not what it must be.
"""

import argparse
import sys
import tempfile
from pathlib import Path

import msgspec
import uvloop

from tests.bench import measure, pages, scaling, searching, trusting
from tests.bench.processes import ROOT, BenchError, cores_of_run, pin

PARTS = ("inbound", "outbound", "legacy", "scaling", "pages", "search", "trust")


async def run(parts: list[str]) -> measure.Results:
    """Every part asked for, in one folder on the project's own disk: a memory file system would flatter."""
    results: measure.Results = {}
    with tempfile.TemporaryDirectory(prefix="commonweave-bench-", dir=ROOT) as folder:
        directory = Path(folder)
        if "inbound" in parts:
            results |= await measure.inbound(directory)
        if "outbound" in parts:
            results |= await measure.outbound(directory, "native")
        if "legacy" in parts:
            results |= await measure.outbound(directory, "legacy")
        if "pages" in parts:
            results |= await pages.pages(directory)
        if "trust" in parts:
            results |= await trusting.trust(directory)
    return results


def show(results: measure.Results) -> None:
    """The table."""
    print(f"{'':<34}{'node':>10}{'floor':>10}{'ratio':>8}  unit")
    for name, one in results.items():
        floor = "" if one.baseline is None else f"{one.baseline:,.0f}"
        ratio = "" if one.ratio is None else f"{one.ratio:.2f}"
        print(f"{name:<34}{one.value:>10,.{0 if one.value >= 10 else 2}f}{floor:>10}{ratio:>8}  {one.unit}")


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.bench", description=__doc__)
    parser.add_argument("parts", nargs="*", choices=[[], *PARTS], help="all of them if none is named")
    parser.add_argument(
        "--items", type=int, nargs="+", default=searching.SIZES, help="sizes at which search is measured"
    )
    given = parser.parse_args()
    parts = given.parts or list(PARTS)
    results: measure.Results = {}
    try:
        if "scaling" in parts:  # on all cores: nothing is pinned yet
            with tempfile.TemporaryDirectory(prefix="commonweave-bench-", dir=ROOT) as folder:
                lines = uvloop.run(scaling.scaling(Path(folder)))
            scaling.show(lines)
            results |= scaling.results(lines)
        if "search" in parts:
            with tempfile.TemporaryDirectory(prefix="commonweave-bench-", dir=ROOT) as folder:
                results |= searching.results(Path(folder), given.items)
        pin(cores_of_run()[1])
        results |= uvloop.run(run(parts))
    except (BenchError, AssertionError) as error:
        print(f"The benchmark is void: {error}", file=sys.stderr)
        return 1
    show(results)
    (ROOT / "bench.json").write_bytes(msgspec.json.format(msgspec.json.encode(results)) + b"\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
