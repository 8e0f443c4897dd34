"""Pictures: every form that people pass, every kind that the service does not take."""

from __future__ import annotations

import io
import struct
import subprocess
import sys
import tracemalloc
import zlib
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from PIL import Image

from pixverse_nb.errors import InvalidImage
from pixverse_nb.media.images import MAX_BYTES, load_picture

ORIENTATION, GPS = 0x0112, 0x8825


def encoded(image: Image.Image, kind: str, **options) -> bytes:
    out = io.BytesIO()
    image.save(out, kind, **options)
    return out.getvalue()


def corner_picture(width=40, height=20) -> Image.Image:
    """Blue, with a red top left corner, so that every way of turning shows."""
    image = Image.new("RGB", (width, height), (0, 0, 255))
    image.paste((255, 0, 0), (0, 0, width // 4, height // 2))
    return image


def opened(picture) -> Image.Image:
    return Image.open(io.BytesIO(picture.data))


def png_of_size(width: int, height: int) -> bytes:
    """A PNG whose header promises a size that its few bytes do not hold: a decompression bomb's first half."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(bytes(9))) + chunk(b"IEND", b"")


KINDS = {"PNG": ("image/png", ".png"), "JPEG": ("image/jpeg", ".jpg"), "WEBP": ("image/webp", ".webp")}


@pytest.mark.parametrize("kind", KINDS)
def test_a_file_is_sent_byte_for_byte_and_known_by_its_content(kind, tmp_path):
    data = encoded(corner_picture(), kind)
    path = tmp_path / "holiday.txt"  # the name says nothing
    path.write_bytes(data)
    for given_as in (path, str(path), data, bytearray(data), memoryview(data)):
        picture = load_picture(given_as)
        assert picture.data == data
        assert (picture.mime, picture.suffix) == KINDS[kind]
        assert (picture.width, picture.height) == (40, 20)
    assert picture.data_uri().startswith(f"data:{picture.mime};base64,")
    assert len(picture.sha256) == 64
    assert repr(picture).count("\\x") == 0, "the repr must not hold the content"


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("orientation", range(1, 9))
def test_a_picture_that_lies_on_its_side_is_turned_upright_without_its_gps(kind, orientation):
    exif = Image.Exif()
    exif[ORIENTATION] = orientation
    exif.get_ifd(GPS)[1] = "N"
    exif[0x010E] = "SECRET-PLACE"
    # How the sensor saw it: what undoes each orientation, from the EXIF standard's table.
    undo = {
        2: Image.Transpose.FLIP_LEFT_RIGHT, 3: Image.Transpose.ROTATE_180, 4: Image.Transpose.FLIP_TOP_BOTTOM,
        5: Image.Transpose.TRANSPOSE, 6: Image.Transpose.ROTATE_90, 7: Image.Transpose.TRANSVERSE,
        8: Image.Transpose.ROTATE_270,
    }  # fmt: skip
    extra = {"WEBP": {"lossless": True}, "JPEG": {"comment": "SECRET-PLACE"}, "PNG": {}}
    upright = corner_picture()
    seen = upright.transpose(undo[orientation]) if orientation in undo else upright
    data = encoded(seen, kind, exif=exif, **extra[kind])
    picture = load_picture(data)
    assert picture.mime == KINDS[kind][0]
    if orientation == 1:
        assert picture.data == data
        return
    assert (picture.width, picture.height) == (40, 20)
    result = opened(picture)
    difference = np.abs(np.asarray(result.convert("RGB"), int) - np.asarray(upright, int))
    assert np.percentile(difference, 95) <= (40 if kind == "JPEG" else 0)
    assert result.getexif().get(ORIENTATION, 1) == 1
    assert b"SECRET-PLACE" not in picture.data
    assert b"SECRET-PLACE" in data


def test_the_first_picture_of_a_phone_s_double_jpeg_is_taken_as_a_jpeg(tmp_path):
    path = tmp_path / "phone.jpg"
    corner_picture().save(path, "MPO", save_all=True, append_images=[corner_picture()])
    assert load_picture(path).mime == "image/jpeg"


def test_cmyk_becomes_rgb():
    picture = load_picture(encoded(corner_picture().convert("CMYK"), "JPEG"))
    assert opened(picture).mode == "RGB"
    assert opened(picture).getpixel((35, 15))[2] > 200


@pytest.mark.parametrize(
    "mode", ["1", "L", "LA", "P", "PA", "RGB", "RGBA", "RGBX", "RGBa", "CMYK", "YCbCr", "HSV", "I;16"]
)
def test_pillow_images_become_the_same_png_each_time(mode):
    base = corner_picture()
    image = Image.new("I;16", (40, 20), 0xFF00) if mode == "I;16" else _in_mode(base, mode)
    image.info["comment"] = "SECRET"
    first, second = load_picture(image), load_picture(image.copy())
    assert first.mime == "image/png"
    assert first.data == second.data
    assert b"SECRET" not in first.data
    result = opened(first)
    assert result.size == (40, 20)
    if mode == "I;16":
        assert result.getpixel((0, 0)) == 255
    elif mode not in {"1", "L", "LA", "P", "PA", "HSV", "CMYK"}:
        assert np.abs(np.asarray(result.convert("RGB"), int) - np.asarray(base, int)).max() <= 3


def _in_mode(base: Image.Image, mode: str) -> Image.Image:
    through = {"LA": "L", "PA": "P", "RGBa": "RGBA"}.get(mode)
    return (base.convert(through) if through else base).convert(mode)


@pytest.mark.parametrize("mode", ["I", "F", "LAB"])
def test_pillow_modes_without_a_known_range_are_refused_with_a_way_out(mode):
    with pytest.raises(InvalidImage, match=r"mode '.+'.*convert\('RGB'\)"):
        load_picture(Image.new(mode, (4, 4)))


def test_a_palette_with_a_transparent_colour_keeps_its_transparency():
    image = corner_picture().convert("P")
    image.info["transparency"] = image.getpixel((0, 0))
    assert opened(load_picture(image)).convert("RGBA").getpixel((0, 0))[3] == 0


def test_a_colour_profile_stays():
    image = corner_picture()
    image.info["icc_profile"] = b"a profile"
    assert opened(load_picture(image)).info["icc_profile"] == b"a profile"


@settings(max_examples=40, deadline=None)
@given(
    height=st.integers(1, 30),
    width=st.integers(1, 30),
    channels=st.sampled_from([None, 1, 3, 4]),
    kind=st.sampled_from(["uint8", "float16", "float32", "float64"]),
    seed=st.integers(0, 1000),
)
def test_arrays_come_out_as_they_went_in(height, width, channels, kind, seed):
    shape = (height, width) if channels is None else (height, width, channels)
    levels = np.random.default_rng(seed).integers(0, 256, shape, dtype=np.uint8)
    array = levels if kind == "uint8" else (levels / 255).astype(kind)
    picture = load_picture(array[::-1][::-1])  # also when it is not contiguous
    assert (picture.width, picture.height) == (width, height)
    assert np.array_equal(np.asarray(opened(picture)), levels.squeeze(2) if channels == 1 else levels)


@pytest.mark.parametrize(
    ("array", "says"),
    [
        (np.zeros((4, 4), np.int64), "int64.*astype"),
        (np.zeros((4, 4), np.uint16), "uint16.*astype"),
        (np.zeros((4, 4), bool), "bool.*astype"),
        (np.zeros((4, 4), object), "object.*astype"),
        (np.zeros((4, 4), complex), "complex128.*astype"),
        (np.zeros(4, np.uint8), "wrong shape"),
        (np.uint8(3), "wrong shape"),
        (np.zeros((3, 4, 4), np.uint8), None),  # 3 x 4 px with 4 channels: fine
        (np.zeros((3, 8, 9), np.uint8), "wrong shape.*moveaxis"),
        (np.zeros((2, 4, 4, 3), np.uint8), "wrong shape"),
        (np.zeros((4, 4, 2), np.uint8), "wrong shape"),
        (np.zeros((0, 4), np.uint8), "no pixels"),
        (np.zeros((4, 0, 3), np.float32), "no pixels"),
        (np.full((4, 4), np.nan), "nan.*replace NaN"),
        (np.full((4, 4), 1.001), "0 to 1"),
        (np.full((4, 4), -0.001), "0 to 1"),
        (np.full((4, 4), np.inf), "0 to 1"),
        (np.full((4, 4), 200.0), "200.*Scale"),
        (np.zeros((1, 4001), np.uint8), r"4001 x 1 px.*thumbnail\(\(4000, 4000\)\)"),
    ],
)
def test_arrays_of_another_kind_are_refused_with_a_way_out(array, says):
    if says is None:
        assert load_picture(array).width == 4
        return
    with pytest.raises(InvalidImage, match=f"(?s){says}") as caught:
        load_picture(array)
    assert "a png, jpg or webp picture under 20 MB and at most 4000 x 4000 px" in str(caught.value)
    assert caught.value.billed is False
    assert caught.value.remedy


@pytest.mark.parametrize("kind", KINDS)
def test_every_truncated_file_is_refused(kind):
    noise = Image.fromarray(np.random.default_rng(1).integers(0, 256, (64, 64, 3), dtype=np.uint8))
    data = encoded(noise, kind)
    refused = 0
    for share in (0.02, 0.1, 0.3, 0.5, 0.8, 0.95):
        with pytest.raises(InvalidImage, match=r"cut short or broken|another type"):
            load_picture(data[: int(len(data) * share)])
        refused += 1
    assert refused == 6


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(
    kind=st.sampled_from(sorted(KINDS)), at=st.integers(0, 600), value=st.integers(0, 255), tail=st.binary(max_size=40)
)
def test_damaged_files_are_taken_or_refused_but_never_crash(kind, at, value, tail):
    data = bytearray(encoded(corner_picture(), kind))
    data[at % len(data)] = value
    try:
        picture = load_picture(bytes(data) + tail)
    except InvalidImage:
        return
    assert 1 <= picture.width <= 4000


@pytest.mark.parametrize(
    ("data", "says"),
    [
        (b"", "is empty"),
        (b"GIF89a" + bytes(40), r"another type.*convert\('RGB'\)"),
        (b"<svg onload=alert(1)>", "another type"),
        (b"#EXTM3U\n/etc/passwd", "another type"),
        (b"RIFF\x00\x00\x00\x00WAVEfmt ", "another type"),
        (b"\xff\xd8\xff", "cut short"),
        (b"\x89PNG\r\n\x1a\n", "cut short"),
        (b"RIFF\xff\xff\xff\xffWEBPVP8 ", "cut short"),
    ],
)
def test_other_content_is_refused(data, says):
    with pytest.raises(InvalidImage, match=f"(?s){says}"):
        load_picture(data)


@pytest.mark.parametrize("size", [(4001, 10), (10, 4001), (100_000, 100_000)])
def test_too_many_pixels_are_refused_before_they_are_decoded(size):
    data = png_of_size(*size)
    tracemalloc.start()
    with pytest.raises(InvalidImage, match=r"px.*thumbnail\(\(4000, 4000\)\)"):
        load_picture(data)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 5_000_000
    with pytest.raises(InvalidImage, match="cut short"):  # the same file, were it allowed: so the header decided
        load_picture(png_of_size(4000, 10))


def test_a_huge_webp_canvas_is_refused():
    vp8x = bytes(4) + (16_777_215).to_bytes(3, "little") + (255).to_bytes(3, "little")
    data = b"RIFF" + (4 + 18).to_bytes(4, "little") + b"WEBPVP8X" + (10).to_bytes(4, "little") + vp8x
    with pytest.raises(InvalidImage):
        load_picture(data)


def test_exactly_4000_by_4000_is_allowed():
    assert load_picture(np.zeros((4000, 4000), np.uint8)).width == 4000


@pytest.mark.parametrize("kind", ["PNG", "WEBP"])
def test_animations_are_refused_with_a_way_out(kind):
    frames = [corner_picture(), Image.new("RGB", (40, 20), "green")]
    data = encoded(frames[0], kind, save_all=True, append_images=frames[1:])
    with pytest.raises(InvalidImage, match=r"animated.*PIL\.Image\.open"):
        load_picture(data)
    assert load_picture(Image.open(io.BytesIO(data))).width == 40


def test_20_mb_is_too_much_and_a_byte_less_is_not(tmp_path):
    base = encoded(corner_picture(), "JPEG")
    fits = base + bytes(MAX_BYTES - 1 - len(base))  # bytes behind the picture's end are allowed
    assert load_picture(fits).width == 40
    with pytest.raises(InvalidImage, match=r"20\.0 MB.*quality=90"):
        load_picture(fits + b"\0")
    path = tmp_path / "big.jpg"
    path.write_bytes(fits + b"\0")
    with pytest.raises(InvalidImage, match=r"20\.0 MB"):
        load_picture(path)


def test_paths_that_lead_nowhere(tmp_path):
    for value, says in [
        (tmp_path / "none.png", "is not there"),
        (tmp_path, "is a folder"),
        ("x" * 5000, "cannot be read"),
        ("a\0b", "cannot be read|is not there"),
        ("data:image/png;base64," + "A" * 9000, "of another type"),
        ("~nobody-of-that-name/x.png", "cannot be read|is not there"),
    ]:
        with pytest.raises(InvalidImage, match=says) as caught:
            load_picture(value)
        assert len(str(caught.value)) < 800


@pytest.mark.parametrize("value", [None, 3, 2.5, ["a.png"], object(), {"a": 1}])
def test_other_types_are_refused_by_name(value):
    with pytest.raises(InvalidImage, match=f"image={type(value).__name__} is not a picture.*Pillow"):
        load_picture(value)


@pytest.mark.parametrize("mode", ["L", "RGB", "RGBA", "P", "I;16"])
def test_thumbnails_are_small_jpegs_on_white(mode):
    image = Image.new("RGBA", (800, 400), (0, 0, 0, 0)) if mode == "RGBA" else Image.new(mode, (800, 400))
    picture = load_picture(encoded(image, "PNG"))
    small = Image.open(io.BytesIO(picture.thumbnail(100)))
    assert (small.format, small.size, small.mode) == ("JPEG", (100, 50), "RGB")
    assert small.getpixel((50, 25)) == ((255, 255, 255) if mode == "RGBA" else (0, 0, 0))


def test_importing_the_package_loads_nothing_heavy():
    code = (
        "import sys, pixverse_nb.media as m; "
        "print([n for n in ('av', 'PIL', 'numpy', 'requests', 'urllib3') if n in sys.modules]); "
        "m.load_picture; print([n for n in ('av', 'PIL', 'numpy', 'requests') if n in sys.modules]); "
        "print(sorted(m.__all__) == m.__all__ and all(getattr(m, n) for n in m.__all__))"
    )
    root = Path(__file__).parent.parent
    out = subprocess.run([sys.executable, "-c", code], cwd=root, capture_output=True, text=True, check=True)
    assert out.stdout.split("\n")[:3] == ["[]", "[]", "True"]


def test_a_data_uri_is_its_picture():
    """What the API's page would put into image_url can be passed as image=."""
    picture = load_picture(Image.new("RGB", (8, 6), "red"))
    assert load_picture(picture.data_uri()).data == picture.data


@pytest.mark.parametrize("uri", ["data:image/png,hello", "data:image/png;base64,%%%", "data:;base64,aGVsbG8="])
def test_a_data_uri_that_is_no_picture_is_refused(uri):
    with pytest.raises(InvalidImage):
        load_picture(uri)


@pytest.mark.parametrize(("given", "says"), [("", "is empty"), ("folder", "is a folder"), ("large.png", "has 20.0 MB")])
def test_what_is_wrong_is_said_once(tmp_path, given, says):
    """InvalidImage is a ValueError, as what a strange path raises: it must not be caught as such a one."""
    (tmp_path / "folder").mkdir()
    with (tmp_path / "large.png").open("wb") as file:
        file.truncate(20_000_000)
    with pytest.raises(InvalidImage) as caught:
        load_picture(given)
    text = str(caught.value)
    assert says in text
    assert "cannot be read" not in text
    assert text.count("image=") == text.count("Nothing was billed") == 1
