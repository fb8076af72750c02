"""Make PNG of pictures in SVG, by resvg. It draws text with the fonts of the machine."""

from __future__ import annotations

import re
from functools import lru_cache
from html import unescape

from resvg_py import svg_to_bytes

#: The families of fonts that text is drawn in, the first that the machine has: those with Chinese first.
FAMILIES = (
    '"Noto Sans CJK SC", "Noto Sans SC", "WenQuanYi Micro Hei", "PingFang SC", "Microsoft YaHei", "DejaVu Sans", Arial'
)
#: So many pixels are drawn for one of a screen, so that it is sharp on paper.
_ZOOM = 3
#: A character that no font has: what is drawn in its place is drawn for every other that no font has.
_OF_NO_FONT = "\U0010fffe"
_TEXT = re.compile(r"<text\b[^>]*>([^<]*)")


class NoFont(Exception):
    """The machine has no font for some characters."""


def png_of(svg: str) -> bytes:
    """Return a picture as PNG on white. Raises NoFont if a character of it would be a box, or nothing."""
    characters = sorted({one for text in _TEXT.findall(svg) for one in unescape(text) if not one.isspace()})
    missing = [one for one in characters if not _is_shown(one)]
    if missing:
        raise NoFont(" ".join(missing[:5]))
    return bytes(svg_to_bytes(svg_string=svg, background="#ffffff", zoom=_ZOOM))


def _is_shown(character: str) -> bool:
    return _drawn(character) != _drawn(_OF_NO_FONT)


@lru_cache(maxsize=4096)
def _drawn(character: str) -> bytes:
    style = f"<style>text {{ font-family: {FAMILIES} }}</style>"
    text = f'<text x="4" y="20" font-size="16">&#{ord(character)};</text>'
    of = f'<svg xmlns="http://www.w3.org/2000/svg" width="28" height="28">{style}{text}</svg>'
    return bytes(svg_to_bytes(svg_string=of))
