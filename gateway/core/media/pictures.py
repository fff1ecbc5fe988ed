"""Pictures are painted anew from their pixels, turned the right way up, in sRGB: nothing but pixels comes along.

Stills become JPEG, moving ones WebP. Runs in the cleaner alone: nothing else may import this.
"""

from __future__ import annotations

import io
from collections.abc import Iterator

import pi_heif
from PIL import Image, ImageCms, ImageOps, ImageSequence, MpoImagePlugin

from gateway.core.media.faults import TooHeavy
from gateway.core.media.kinds import Kind

MOST_PIXELS = 100_000_000
"""A telephone's sharpest pictures, and a square of 10,000; more than that is refused before a pixel is read."""
EDGE = 4096
"""The longer side of a clean copy, in pixels, at most."""
MOST_FRAMES, MOVING_EDGE = 300, 1024
_FORMATS = {"jpeg": ("JPEG", MpoImagePlugin.MpoImageFile.format), "heic": ("HEIF",)}
_ORIENTATION = 0x0112

# Loaded now: after this nothing can be.
Image.init()
pi_heif.options.DECODE_THREADS = 1
pi_heif.register_heif_opener(thumbnails=False, depth_images=False, aux_images=False)
Image.MAX_IMAGE_PIXELS = None  # Pillow only warns at first; ours is below.
_SRGB = ImageCms.createProfile("sRGB")


def clean(content: bytes, kind: Kind) -> tuple[str, list[bytes]]:
    """Paint it anew. Raises: TooHeavy, and whatever Pillow makes of it."""
    with Image.open(io.BytesIO(content), formats=_FORMATS.get(kind.code, (kind.code.upper(),))) as image:
        if image.width * image.height > MOST_PIXELS:
            raise TooHeavy
        if kind.code in {"gif", "webp"} and getattr(image, "n_frames", 1) > 1:
            return "webp", [_moving(image)]
        return "jpeg", [jpeg(_still(image), quality=90)]


def jpeg(image: Image.Image, quality: int) -> bytes:
    """Write a fresh picture."""
    target = io.BytesIO()
    image.save(target, "JPEG", quality=quality, optimize=True)
    return target.getvalue()


def _still(image: Image.Image) -> Image.Image:
    image.draft("RGB", (EDGE, EDGE))  # A JPEG can be read at half its size and less.
    turned, profile = image.getexif().get(_ORIENTATION, 1), image.info.get("icc_profile")
    pixels = _small(_plain(image), EDGE)
    if profile:
        pixels = _in_srgb(pixels, profile)
    pixels.getexif()[_ORIENTATION] = turned
    return _fresh(ImageOps.exif_transpose(pixels))


def _plain(image: Image.Image) -> Image.Image:
    """Bring any mode to RGB or, where something shows through, RGBA."""
    if image.mode.startswith("I"):
        image = image.convert("I").point(lambda value: value / 256).convert("L")
    mode = "RGBA" if image.has_transparency_data else "RGB"
    return image if image.mode == mode else image.convert(mode)  # A copy of a large one would be too much.


def _small(image: Image.Image, edge: int) -> Image.Image:
    image.thumbnail((edge, edge), Image.Resampling.LANCZOS, reducing_gap=2.0)
    return image


def _in_srgb(image: Image.Image, profile: bytes) -> Image.Image:
    """Bring colours to where every screen shows them alike; a profile that is none is left out."""
    try:
        found = ImageCms.ImageCmsProfile(io.BytesIO(profile))
        return ImageCms.profileToProfile(image, found, _SRGB, outputMode=image.mode) or image
    except (ImageCms.PyCMSError, OSError):
        return image


def _fresh(image: Image.Image) -> Image.Image:
    """Paint on a new sheet, which has no comment, profile or tag for a writer to find."""
    sheet = Image.new("RGB", image.size, "white")
    sheet.paste(image, mask=image.getchannel("A") if image.mode == "RGBA" else None)
    return sheet


def _moving(image: Image.Image) -> bytes:
    frames = int(getattr(image, "n_frames", 1))
    if frames > MOST_FRAMES or frames * image.width * image.height > 4 * MOST_PIXELS:
        raise TooHeavy
    lasting: list[int] = []

    def each() -> Iterator[Image.Image]:
        for frame in ImageSequence.Iterator(image):
            lasting.append(int(frame.info.get("duration", 100)))
            yield _fresh(_small(_plain(frame.copy()), MOVING_EDGE))

    first, *others = each()
    target = io.BytesIO()
    first.save(
        target, "WEBP", save_all=True, append_images=others, duration=lasting, loop=0, quality=80, method=2
    )  # fmt: skip
    return target.getvalue()
