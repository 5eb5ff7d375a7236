"""Pictures of every sample page, wide and narrow: `python -m tests.web.shots FOLDER [NAME…]`.

For looking at, not for checking.
"""

import asyncio
import sys
import tempfile
from pathlib import Path

from . import samples
from .kit import browser, serve

WIDTHS = ((1280, 900), (360, 740))


async def main(folder: Path, names: list[str]) -> None:
    with tempfile.TemporaryDirectory() as directory:
        async with serve(Path(directory)) as site, browser() as chromium:
            for scheme in ("light", "dark"):
                for width, height in WIDTHS:
                    page = await chromium.new_page(viewport={"width": width, "height": height}, color_scheme=scheme)
                    for name in names:
                        if scheme == "dark" and name not in ("item", "item-form", "operation"):
                            continue
                        await page.goto(f"{site.origin}/pages/{name}")
                        ending = "" if scheme == "light" else "-dark"
                        await page.screenshot(path=folder / f"{name}-{width}{ending}.png", full_page=True)
                    await page.close()


if __name__ == "__main__":
    asyncio.run(main(Path(sys.argv[1]), sys.argv[2:] or [*samples.RICH, *samples.EMPTY]))
