"""Where everything stands in the picture of a way: one box below the other, so that it is as wide as a small screen.
Pure; whole pixels, no colours, no words."""

import msgspec

from node.trust.explaining import Way

WIDTH = 320
BOX = 44
GAP = 64  # px between two boxes: two lines of text beside the arrow
EDGE = 4


class Box(msgspec.Struct, frozen=True):
    """A party, by its place in the way: 0 is ours."""

    number: int
    y: int


class Arrow(msgspec.Struct, frozen=True):
    """The statement between two boxes."""

    number: int
    top: int
    bottom: int
    weakest: bool


class Picture(msgspec.Struct, frozen=True):
    height: int
    boxes: tuple[Box, ...]
    arrows: tuple[Arrow, ...]
    width: int = WIDTH
    box: int = BOX
    edge: int = EDGE


def draw(way: Way) -> Picture:
    """The picture of one way."""
    step = BOX + GAP
    boxes = tuple(Box(number, EDGE + number * step) for number in range(len(way) + 1))
    arrows = tuple(
        Arrow(number, EDGE + number * step + BOX, EDGE + (number + 1) * step, hop.weakest)
        for number, hop in enumerate(way)
    )
    return Picture(EDGE * 2 + BOX + len(way) * step, boxes, arrows)
