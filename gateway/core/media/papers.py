"""Papers become pictures, one a page: what a PDF could do besides showing is left behind.

Runs in the cleaner alone: nothing else may import this.
"""

from __future__ import annotations

import io

import pypdfium2

from gateway.core.media.faults import TooHeavy
from gateway.core.media.kinds import Kind
from gateway.core.media.pictures import jpeg

MOST_PAGES = 50
EDGE = 1700
"""The longer side of a page, in pixels: small print can still be read."""
_LARGEST_SCALE = 8.0


def clean(content: bytes, _kind: Kind) -> tuple[str, list[bytes]]:
    """Render every page. Raises: TooHeavy, and whatever PDFium makes of it."""
    paper = pypdfium2.PdfDocument(io.BytesIO(content))
    if len(paper) > MOST_PAGES:
        raise TooHeavy
    pages = [_rendered(paper[number]) for number in range(len(paper))]
    if not pages:
        raise ValueError("no page")
    return "jpeg", pages


def _rendered(page: pypdfium2.PdfPage) -> bytes:
    longest = max(page.get_size())
    bitmap = page.render(scale=min(EDGE / longest, _LARGEST_SCALE), may_draw_forms=False)
    return jpeg(bitmap.to_pil().convert("RGB"), quality=80)
