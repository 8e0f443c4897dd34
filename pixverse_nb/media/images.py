"""A picture to start a clip from, checked before anything is sent.

PixVerse takes png, webp, jpg and jpeg under 20 MB and at most 4000 x 4000 px (contract, Parameters).
"""

from __future__ import annotations

import base64
import hashlib
import io
import os
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote

from pixverse_nb.errors import InvalidImage

if TYPE_CHECKING:
    import numpy as np
    from PIL.Image import Image

MAX_BYTES = 20_000_000
"""A picture has fewer bytes than this, encoded."""

MAX_SIDE = 4000
"""Neither side has more pixels than this."""

_SUFFIXES = {"image/png": ".png", "image/jpeg": ".jpg", "image/webp": ".webp"}
_ALLOWED = "a png, jpg or webp picture under 20 MB and at most 4000 x 4000 px"
_SMALLER = "Make it smaller, image.thumbnail((4000, 4000)) with Pillow, and pass that."
_ORIENTATION = 0x0112  # EXIF's tag
_JPEG_QUALITY = 95


@dataclass(frozen=True)
class Picture:
    """A picture that the service takes.

    Attributes
    ----------
    data : bytes
        The encoded file, as it is sent.
    mime : str
        image/png, image/jpeg or image/webp.
    width, height : int
        Pixels, upright.
    """

    data: bytes = field(repr=False)
    mime: str
    width: int
    height: int

    @cached_property
    def sha256(self) -> str:
        """Hash of the encoded file, 64 hex digits."""
        return hashlib.sha256(self.data).hexdigest()

    @property
    def suffix(self) -> str:
        """How its file name ends: ".png", ".jpg" or ".webp"."""
        return _SUFFIXES[self.mime]

    def data_uri(self) -> str:
        """The picture as a `data:` URI, as the upload takes it."""
        return f"data:{self.mime};base64,{base64.b64encode(self.data).decode('ascii')}"

    def thumbnail(self, px: int = 160) -> bytes:
        """A small JPEG, its longer side at most `px` pixels; transparency becomes white."""
        from PIL import Image

        with _decoder(self.data, self.mime) as image:
            image.draft("RGB", (px, px))  # a JPEG decoder can shrink as it decodes
            small = _eight_bits(image)
            small.thumbnail((px, px))
            if "A" in small.getbands():
                white = Image.new("RGBA", small.size, "white")
                small = Image.alpha_composite(white, small.convert("RGBA"))
            out = io.BytesIO()
            small.convert("RGB").save(out, "JPEG", quality=80)
        return out.getvalue()


def load_picture(image: object) -> Picture:
    """Take a picture in any form that people have at hand.

    Files are sent byte for byte, unless their EXIF data says that they lie on their side (then they are turned upright
    and encoded anew, without their metadata) or a JPEG is in CMYK (then it is converted to RGB).

    Parameters
    ----------
    image : str, os.PathLike, bytes, bytearray, memoryview, PIL.Image.Image or numpy.ndarray
        A path, an encoded file, a Pillow image (the frame that it shows), or an array: height x width, with 1, 3 or 4
        channels or none, of uint8 (0-255) or floats (0.0-1.0). Images and arrays become PNG.

    Raises
    ------
    InvalidImage
        Saying what it is, what is allowed, and what to do.
    """
    from PIL import Image

    if isinstance(image, str) and image[:5].lower() == "data:":
        return _from_data_uri(image)
    if isinstance(image, (str, os.PathLike)):
        return _from_file(image)
    if isinstance(image, (bytes, bytearray, memoryview)):
        return _from_bytes(bytes(image), f"{memoryview(image).nbytes:,} bytes")
    if isinstance(image, Image.Image):
        return _from_image(image)
    if hasattr(image, "__array__"):  # numpy's arrays, and what turns into one
        return _from_array(image)
    raise _refused(
        type(image).__name__, "is not a picture", "Pass a path, a URL, bytes, a Pillow image or a numpy array."
    )


def _refused(value: str, what: str, remedy: str) -> InvalidImage:
    return InvalidImage(f"image={value} {what}; image is {_ALLOWED}", remedy=remedy, billed=False)


def _from_data_uri(uri: str) -> Picture:
    head, _, content = uri.partition(",")
    try:
        data = base64.b64decode(unquote(content), validate=True) if head.endswith(";base64") else None
    except ValueError:
        data = None
    if data is None:
        raise _refused(repr(uri[:40] + "…"), "is not a base64 data URI", "Pass the picture's bytes or its path.")
    return _from_bytes(data, "a data URI")


def _from_file(given: str | os.PathLike[Any]) -> Picture:
    name = os.fsdecode(given)
    value = repr(name if len(name) <= 80 else name[:60] + "…")
    try:
        path = Path(name).expanduser()
        if not name:
            raise _refused(value, "is empty", "Pass one picture's path.")
        if path.is_dir():
            raise _refused(value, "is a folder", "Pass one picture's path.")
        size = path.stat().st_size
        if size >= MAX_BYTES:
            raise _too_many_bytes(value, size)
        data = path.read_bytes()
    except InvalidImage:  # a ValueError, which the last branch would take for the system's
        raise
    except FileNotFoundError:
        where = f"Check the path; the current folder is {Path.cwd()}."
        raise _refused(value, "is not there", where) from None
    except (OSError, ValueError, RuntimeError) as error:
        why = getattr(error, "strerror", None) or error  # without the path, which may be very long
        raise _refused(value, f"cannot be read ({why})", "Check the path and its permissions.") from None
    return _from_bytes(data, value)


def _from_bytes(data: bytes, value: str) -> Picture:
    """Check an encoded file: its type by content, its size by its header, and that all of it decodes."""
    if not data:
        raise _refused(value, "is empty", "Pass a picture's path or content.")
    mime = _mime(data)
    if mime is None:
        raise _refused(
            value, "is of another type", "Convert it: PIL.Image.open(path).convert('RGB').save('image.png')."
        )
    if len(data) >= MAX_BYTES:
        raise _too_many_bytes(value, len(data))
    try:
        with _decoder(data, mime) as image:
            _check_pixels(image.size, value)
            _check_still(image, value)
            image.load()
            if image.mode == "CMYK" or _lies_on_its_side(image):
                return _encoded(_turned(image), mime, value, lossless=b"VP8L" in data[:64])
            return Picture(data, mime, *image.size)
    except InvalidImage:
        raise
    except Exception as error:  # decoders have many ways to fail on hostile bytes
        what = "is cut short or broken" + (f" ({error})" if str(error) else "")
        raise _refused(value, what, "Open it in a viewer, and save or download it again.") from error


def _mime(data: bytes) -> str | None:
    """The type by content; what a file is called says nothing."""
    if data.startswith(b"\x89PNG\r\n\x1a\n"):
        return "image/png"
    if data.startswith(b"\xff\xd8\xff"):
        return "image/jpeg"
    if data.startswith(b"RIFF") and data[8:12] == b"WEBP":
        return "image/webp"
    return None


def _decoder(data: bytes, mime: str) -> Image:
    """Open an encoded file; only its header is read.

    Not by `Image.open`: that warns of large pictures before anyone can ask for their size, and takes the JPEGs of many
    phones, which hide a second picture behind the first, for another format.
    """
    from PIL import JpegImagePlugin, PngImagePlugin, WebPImagePlugin

    plugin: Any = {
        "image/png": PngImagePlugin.PngImageFile,
        "image/jpeg": JpegImagePlugin.JpegImageFile,
        "image/webp": WebPImagePlugin.WebPImageFile,
    }[mime]
    opened: Image = plugin(io.BytesIO(data))
    return opened


def _check_pixels(size: tuple[int, int], value: str) -> None:
    width, height = size
    if width < 1 or height < 1:
        raise _refused(value, "has no pixels", "Pass a picture with at least one pixel.")
    if width > MAX_SIDE or height > MAX_SIDE:
        raise _refused(value, f"is {width} x {height} px", _SMALLER)


def _check_still(image: Image, value: str) -> None:
    if getattr(image, "n_frames", 1) > 1:
        raise _refused(value, "is animated", "Pass one frame of it: PIL.Image.open(path).")


def _too_many_bytes(value: str, size: int) -> InvalidImage:
    remedy = (
        "Save it as a JPEG, image.convert('RGB').save('image.jpg', quality=90) with Pillow, "
        "or make it smaller first, image.thumbnail((4000, 4000)); then pass that file."
    )
    return _refused(value, f"has {size / 1e6:,.1f} MB", remedy)


def _lies_on_its_side(image: Image) -> bool:
    return image.getexif().get(_ORIENTATION, 1) in range(2, 9)


def _turned(image: Image) -> Image:
    from PIL import ImageOps

    return ImageOps.exif_transpose(image)


def _from_image(image: Image) -> Picture:
    value = f"<{image.mode} image of {image.width} x {image.height} px>"
    _check_pixels(image.size, value)
    try:
        image.load()
        pixels = _turned(image) if _lies_on_its_side(image) else image
    except Exception as error:  # it may still have been lazily open on a broken file
        raise _refused(value, f"cannot be read ({error})", "Open its file again, and call image.load().") from error
    return _encoded(pixels, "image/png", value)


def _from_array(given: Any) -> Picture:
    import numpy as np
    from PIL import Image

    array = np.asarray(given)
    value = f"<{array.dtype} array of shape {array.shape}>"
    planes = array[..., 0] if array.ndim == 3 and array.shape[2] == 1 else array
    if not (planes.ndim == 2 or (planes.ndim == 3 and planes.shape[2] in {3, 4})):
        remedy = "Pass height x width, with 1, 3 or 4 channels last; numpy.moveaxis(array, 0, -1) puts them there."
        raise _refused(value, "has a wrong shape", remedy)
    _check_pixels((planes.shape[1], planes.shape[0]), value)
    return _encoded(Image.fromarray(np.ascontiguousarray(_levels(planes, value))), "image/png", value)


def _levels(array: np.ndarray[Any, Any], value: str) -> np.ndarray[Any, Any]:
    """The array as uint8, 0-255."""
    import numpy as np

    if array.dtype == np.uint8:
        return array
    if array.dtype.kind != "f":
        remedy = "Pass uint8 from 0 to 255, array.clip(0, 255).astype('uint8'), or floats from 0 to 1."
        raise _refused(value, "has a wrong type", remedy)
    low, high = float(array.min()), float(array.max())
    if not (low >= 0 and high <= 1):  # NaN compares false, too
        remedy = "Scale it to 0 to 1: (array - array.min()) / (array.max() - array.min()); replace NaN first."
        raise _refused(value, f"goes from {low:g} to {high:g}, floats go from 0 to 1", remedy)
    levels: np.ndarray[Any, Any] = np.rint(array.astype(np.float32) * 255).astype(np.uint8)
    return levels


def _encoded(image: Image, mime: str, value: str, *, lossless: bool = False) -> Picture:
    """Encode pixels; of the metadata only the colour profile stays."""
    pixels = _eight_bits(image, value)
    if mime == "image/jpeg":
        pixels = pixels.convert("RGB") if pixels.mode not in {"L", "RGB"} else pixels
    # The profile of a CMYK picture does not fit its RGB version.
    profile = image.info.get("icc_profile") if image.mode != "CMYK" else None
    pixels = pixels.copy()
    pixels.info.clear()  # Pillow would write what it finds there: comments, times, transparency, EXIF
    encoders: dict[str, dict[str, Any]] = {
        "image/png": {"format": "PNG"},
        "image/jpeg": {"format": "JPEG", "quality": _JPEG_QUALITY, "subsampling": 0},
        "image/webp": {"format": "WEBP", "quality": _JPEG_QUALITY, "lossless": lossless},
    }
    out = io.BytesIO()
    pixels.save(out, icc_profile=profile, **encoders[mime])
    data = out.getvalue()
    if len(data) >= MAX_BYTES:
        raise _too_many_bytes(value, len(data))
    return Picture(data, mime, *pixels.size)


def _eight_bits(image: Image, value: str = "<a picture>") -> Image:
    """The picture in a mode that PNG and the service know: L, LA, RGB or RGBA, 8 bits a channel."""
    if image.mode in {"L", "LA", "RGB", "RGBA"} and "transparency" not in image.info:
        return image.copy()
    # Older Pillows open a PNG of 16-bit greys as "I"; elsewhere nobody knows what range that mode has.
    if image.mode.startswith("I;16") or (image.mode == "I" and image.format == "PNG"):
        return image.convert("I").point(lambda level: level / 256).convert("L")
    if image.mode == "1":
        return image.convert("L")
    if image.mode in {"PA", "La", "RGBa"} or "transparency" in image.info:
        return image.convert("RGBA")
    if image.mode in {"P", "RGBX", "CMYK", "YCbCr", "HSV"}:
        return image.convert("RGB")
    remedy = "Pass it as an array of floats from 0 to 1, or converted: image.convert('RGB')."
    raise _refused(value, f"has pixels of mode {image.mode!r}", remedy)
