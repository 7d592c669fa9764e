"""Pixels are compared with what NumPy computes of the values that were written."""

import struct
import zlib
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image, ImageDraw, ImageOps

from leyden.data.images.formats import DamagedImage, OutsideRange, is_image, open_image
from leyden.data.images.image_file import Decoder, has_foreign_profile, header_of

SIDE = 6
TURNED = {  # EXIF 2.32, table of the tag 0x0112: where row 0 and column 0 of what is stored lie
    1: lambda shown: shown,
    2: lambda shown: shown[:, ::-1],
    3: lambda shown: shown[::-1, ::-1],
    4: lambda shown: shown[::-1],
    5: lambda shown: shown.swapaxes(0, 1),
    6: lambda shown: shown.swapaxes(0, 1)[:, ::-1],
    7: lambda shown: shown.swapaxes(0, 1)[::-1, ::-1],
    8: lambda shown: shown.swapaxes(0, 1)[::-1],
}
"""What a viewer shows of what is stored."""


def noise(*shape, seed=0, dtype=np.uint8):
    info = np.iinfo(dtype)
    draw = np.random.default_rng(seed).integers
    return draw(info.min, info.max, shape, dtype, endpoint=True)


def square(path, *, size=SIDE, **options):
    """The decoded pixels as (height, width, channels), as exact numbers."""
    return Decoder(size, **options).square(Path(path)).astype(np.float64)


def over(colour, alpha, background):
    """A colour under an alpha channel, both 0 to 255 (Porter and Duff 1984, `over`)."""
    share = alpha[..., None] / 255
    return colour * share + background * (1 - share)


# The writers below are of the specifications alone: of PNG (ISO 15948) and of TIFF 6.0.


def write_png(path, values, *, bits, kind, palette=None, transparent=None):
    """Values of shape (height, width, samples) as a PNG of a bit depth and a colour type."""
    height, width, samples = values.shape

    def chunk(name, data):
        crc = zlib.crc32(name + data)
        return struct.pack(">I", len(data)) + name + data + struct.pack(">I", crc)

    rows = b""
    for row in values.reshape(height, width * samples):
        if bits == 16:
            rows += b"\0" + row.astype(">u2").tobytes()
        else:
            places = (row[:, None] >> np.arange(bits - 1, -1, -1)) & 1
            rows += b"\0" + np.packbits(places.astype(np.uint8).flatten()).tobytes()
    header = struct.pack(">IIBBBBB", width, height, bits, kind, 0, 0, 0)
    chunks = [chunk(b"IHDR", header)]
    if palette is not None:
        chunks.append(chunk(b"PLTE", palette.astype(np.uint8).tobytes()))
    if transparent is not None:
        chunks.append(chunk(b"tRNS", transparent))
    chunks += [chunk(b"IDAT", zlib.compress(rows)), chunk(b"IEND", b"")]
    Path(path).write_bytes(b"\x89PNG\r\n\x1a\n" + b"".join(chunks))


def write_tiff(path, values, *, photometric=1, orientation=1, bits=None, order="<"):
    """Values of shape (height, width) or (height, width, samples) as an uncompressed TIFF."""
    height, width, samples = np.atleast_3d(values).shape
    bits = bits or 8 * values.dtype.itemsize
    if bits == 12:
        pairs = values.astype(np.uint32).reshape(-1, 2)
        joined = pairs[:, 0] << 12 | pairs[:, 1]
        data = b"".join(int(one).to_bytes(3, "big") for one in joined)
    else:
        data = values.astype(values.dtype.newbyteorder(order)).tobytes()
    data += b"\0" * (len(data) % 2)
    short, long = 3, 4
    tags = [
        (256, long, [width]),
        (257, long, [height]),
        (258, short, [bits] * samples),
        (259, short, [1]),  # not compressed
        (262, short, [photometric]),
        (273, long, [8]),  # where the data begins
        (274, short, [orientation]),
        (277, short, [samples]),
        (278, long, [height]),
        (279, long, [len(data)]),
        (339, short, [{"u": 1, "i": 2, "f": 3}[values.dtype.kind]] * samples),
    ]
    directory, beyond = struct.pack(order + "H", len(tags)), b""
    end = 8 + len(data) + 2 + 12 * len(tags) + 4
    for tag, kind, held in tags:
        packed = struct.pack(f"{order}{len(held)}{'H' if kind == short else 'L'}", *held)
        directory += struct.pack(order + "HHL", tag, kind, len(held))
        if len(packed) <= 4:
            directory += packed.ljust(4, b"\0")
        else:
            directory += struct.pack(order + "L", end + len(beyond))
            beyond += packed
    begin = b"II*\0" if order == "<" else b"MM\0*"
    offset = struct.pack(order + "L", 8 + len(data))
    Path(path).write_bytes(begin + offset + data + directory + b"\0" * 4 + beyond)


# ---- bit depths and colour types


@pytest.mark.parametrize("channels", [1, 3])
@pytest.mark.parametrize("bits", [1, 2, 4, 8, 16])
def test_a_grey_png_of_every_bit_depth_is_shown_from_black_to_white(bits, channels):
    values = noise(SIDE, SIDE, 1, dtype=np.uint16) >> (16 - bits)
    write_png("a.png", values, bits=bits, kind=0)
    expected = np.repeat(values * (255 / (2**bits - 1)), channels, axis=2)
    np.testing.assert_allclose(square("a.png", channels=channels), expected, atol=1e-3)


@pytest.mark.parametrize("bits", [8, 16])
@pytest.mark.parametrize("background", ["white", "black"])
@pytest.mark.parametrize("kind", [2, 4, 6], ids=["colour", "grey and alpha", "colour and alpha"])
def test_a_png_with_several_samples_is_shown_on_the_background(kind, bits, background):
    values = noise(SIDE, SIDE, {2: 3, 4: 2, 6: 4}[kind], dtype=np.uint16) >> (16 - bits)
    write_png("a.png", values, bits=bits, kind=kind)
    shown = values * (255 / (2**bits - 1))
    if kind != 2:
        colour = np.repeat(shown[..., :1], 3, axis=2) if kind == 4 else shown[..., :3]
        shown = over(colour, shown[..., -1], 255.0 * (background == "white"))
    got = square("a.png", background=background)
    np.testing.assert_allclose(got, shown, atol=2)  # Pillow keeps 8 bits of colours


@pytest.mark.parametrize("is_transparent", [False, True])
@pytest.mark.parametrize("bits", [1, 2, 4, 8])
def test_a_palette_of_every_size_is_looked_up(bits, is_transparent):
    palette, alphas = noise(2**bits, 3, seed=1), noise(2**bits, seed=2)
    values = noise(SIDE, SIDE, 1, dtype=np.uint16) >> (16 - bits)
    extra = {"transparent": alphas.tobytes()} if is_transparent else {}
    write_png("a.png", values, bits=bits, kind=3, palette=palette, **extra)
    expected = palette[values[..., 0]].astype(float)
    if is_transparent:
        expected = over(expected, alphas[values[..., 0]].astype(float), 255.0)
    np.testing.assert_allclose(square("a.png"), expected, atol=1)


@pytest.mark.parametrize("bits", [8, 16])
@pytest.mark.parametrize("kind", [0, 2], ids=["grey", "colour"])
def test_the_transparent_value_of_a_png_is_the_background(kind, bits):
    values = noise(SIDE, SIDE, {0: 1, 2: 3}[kind], dtype=np.uint16) >> (16 - bits)
    values[2, 3] = 7 << (bits - 8)
    colour = values[2, 3].astype(">u2").tobytes()
    write_png("a.png", values, bits=bits, kind=kind, transparent=colour)
    expected = np.repeat(values * (255 / (2**bits - 1)), 3 // values.shape[2], axis=2)
    expected[2, 3] = 255
    np.testing.assert_allclose(square("a.png"), expected, atol=1)


DEEP = {
    "unsigned 16": (np.uint16, 0, 65535),
    "signed 16": (np.int16, 0, 32767),
    "unsigned 32": (np.uint32, 0, 65535),
    "signed 32": (np.int32, 0, 65535),
    "float 32": (np.float32, 0, 1),
}


@pytest.mark.parametrize("orientation", TURNED)
@pytest.mark.parametrize(
    ("name", "order"),  # Pillow has no decoder for unsigned 32 bits of big end
    [(name, order) for name in DEEP for order in "<>" if (name, order) != ("unsigned 32", ">")],
)
def test_a_tiff_of_every_depth_byte_order_and_orientation_is_shown(name, order, orientation):
    dtype, low, high = DEEP[name]
    shares = np.random.default_rng(0).random((4, 9))
    values = (low + (high - low) * shares).astype(dtype)
    write_tiff("a.tif", values, order=order, orientation=orientation)
    full = 1 if dtype is np.float32 else 65535
    shown = TURNED[orientation](values) * (255 / full)
    middle = shown[:, 2:6] if orientation < 5 else shown[2:6]
    got = square("a.tif", size=4, channels=1)
    np.testing.assert_allclose(got[..., 0], middle, rtol=1e-5, atol=1e-3)


def test_12_bits_reach_white():
    values = noise(SIDE, SIDE, dtype=np.uint16) >> 4
    write_tiff("a.tif", values, bits=12)
    got = square("a.tif", channels=1)
    np.testing.assert_allclose(got[..., 0], values * (255 / 4095), atol=1e-3)


@pytest.mark.parametrize("dtype", [np.uint8, np.uint16])
def test_a_tiff_in_which_white_is_zero_is_shown_so(dtype):
    values = noise(SIDE, SIDE, dtype=dtype)
    write_tiff("a.tif", values, photometric=0)
    full = np.iinfo(dtype).max
    expected = (full - values.astype(float)) * (255 / full)
    np.testing.assert_allclose(square("a.tif", channels=1)[..., 0], expected, atol=1e-3)


def test_a_grey_map_of_16_bits_is_shown():
    values = noise(SIDE, SIDE, dtype=np.uint16)
    data = f"P5 {SIDE} {SIDE} 65535\n".encode() + values.astype(">u2").tobytes()
    Path("a.pgm").write_bytes(data)
    got = square("a.pgm", channels=1)[..., 0]
    np.testing.assert_allclose(got, values * (255 / 65535), atol=1e-3)


def test_16_bits_are_scaled_without_rounding_to_8():
    values = np.zeros((8, 8), np.uint16)
    values[::2] = 20  # of 65,535: less than half a step of 8 bits
    write_tiff("a.tif", values)
    np.testing.assert_allclose(square("a.tif", size=4, channels=1), 10 * 255 / 65535, rtol=0.3)


@given(st.floats(-1e4, 1e4), st.floats(1, 1e4), st.integers(0, 99))
def test_a_range_of_values_is_black_to_white_and_what_is_outside_is_cut(low, width, seed):
    shares = np.random.default_rng(seed).uniform(-0.5, 1.5, (SIDE, SIDE))
    write_tiff("a.tif", (low + width * shares).astype(np.float32))
    got = square("a.tif", channels=1, value_range=(low, low + width))
    np.testing.assert_allclose(got[..., 0], 255 * shares.clip(0, 1), atol=0.3)


@pytest.mark.parametrize(
    ("values", "ends"),
    [
        (np.float32([[0, 0.5], [1, 255]]), (0, 255)),
        (np.float32([[-1, 0.5], [1, 0]]), (-1, 1)),
        (np.int16([[-1000, 0], [5, 3000]]), (-1000, 3000)),
        (np.int32([[0, 1], [2, 70000]]), (0, 70000)),
    ],
    ids=["bytes as floats", "around 0", "Hounsfield", "more than 16 bits"],
)
def test_values_that_are_not_between_black_and_white_are_refused(values, ends):
    write_tiff("a.tif", values)
    with pytest.raises(OutsideRange) as raised:
        square("a.tif", size=2)
    assert (raised.value.low, raised.value.high) == ends


@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf])
def test_floats_that_are_no_numbers_are_damage(value):
    write_tiff("a.tif", np.float32([[0, value], [1, 0]]))
    with pytest.raises(DamagedImage, match="NaN or infinite"):
        square("a.tif", size=2)


# ---- modes that Pillow writes


def saved(image, path, **options):
    image.save(path, **options)
    return path


@pytest.mark.parametrize("ending", ["tif", "jpg"])
def test_cmyk_is_shown_as_the_inks_let_light_through(ending):
    cmyk = np.zeros((16, 16, 4), np.uint8) + np.uint8([200, 60, 10, 40])
    path = saved(Image.fromarray(cmyk, "CMYK"), f"a.{ending}")
    expected = (255 - cmyk[..., :3].astype(float)) * (255 - cmyk[..., 3:]) / 255
    np.testing.assert_allclose(square(path, size=16), expected, atol=4)


def test_a_jpeg_of_luma_and_chroma_is_shown_in_its_colours():
    rgb = np.zeros((16, 16, 3), np.uint8) + np.uint8([200, 60, 10])
    path = saved(Image.fromarray(rgb).convert("YCbCr"), "a.jpg", quality=100)
    np.testing.assert_allclose(square(path, size=16), rgb, atol=3)


@pytest.mark.parametrize(
    ("lab", "rgb"),  # of sRGB's corners, adapted to D50 (ICC.1:2022, annex E; Lindbloom's table)
    [((100, 0, 0), (255,) * 3), ((0, 0, 0), (0,) * 3), ((54.29, 80.81, 69.89), (255, 0, 0))],
    ids=["white", "black", "red"],
)
def test_lab_is_shown_in_its_colours(lab, rgb):
    code = np.int16([round(lab[0] * 2.55), round(lab[1]), round(lab[2])])  # a and b are signed
    values = (np.zeros((SIDE, SIDE, 3), np.int16) + code).astype(np.uint8)
    write_tiff("a.tif", values, photometric=8)
    np.testing.assert_allclose(square("a.tif")[0, 0], rgb, atol=5)


@pytest.mark.parametrize("background", ["white", "black"])
@pytest.mark.parametrize("ending", ["png", "webp", "tif", "tga", "gif", "ico"])
def test_transparent_pixels_show_the_background_in_every_format(ending, background):
    rgba = np.zeros((16, 16, 4), np.uint8) + np.uint8([10, 200, 30, 255])
    rgba[:, 8:, 3] = 0
    options = {"lossless": True} if ending == "webp" else {}
    path = saved(Image.fromarray(rgba), f"a.{ending}", **options)
    got = square(path, size=16, background=background)
    np.testing.assert_allclose(got[4, 4], [10, 200, 30], atol=1)
    np.testing.assert_array_equal(got[4, 12], 255.0 * (background == "white"))


@pytest.mark.parametrize("orientation", TURNED)
@pytest.mark.parametrize("samples", [1, 3, 4], ids=["grey", "colour", "inks"])
def test_a_tiff_that_is_not_compressed_is_turned(samples, orientation):
    values = noise(4, 9, samples)
    write_tiff("a.tif", values, photometric={1: 1, 3: 2, 4: 5}[samples], orientation=orientation)
    shown = values.astype(float)
    if samples == 4:
        shown = (255 - shown[..., :3]) * (255 - shown[..., 3:]) / 255
    shown = TURNED[orientation](np.broadcast_to(shown, (4, 9, 3)))
    middle = shown[:, 2:6] if orientation < 5 else shown[2:6]
    np.testing.assert_allclose(square("a.tif", size=4), middle, atol=1)


@given(
    st.sampled_from(sorted(TURNED)),
    st.sampled_from(["png", "jpg", "webp", "tif"]),
    st.sampled_from(["1", "L", "LA", "P", "RGB", "RGBA", "CMYK"]),
    st.tuples(st.integers(9, 40), st.integers(9, 40)),
)
def test_an_image_is_turned_as_a_viewer_turns_it(orientation, ending, mode, shape):
    """The reference is another way through Pillow, and NumPy's turns of a known picture."""
    kept = {"jpg": {"L", "RGB", "CMYK"}, "webp": {"L", "RGB", "RGBA"}, "png": {"CMYK"}}
    if (ending == "png") == (mode in kept["png"]) or mode not in kept.get(ending, {mode}):
        mode = "RGB"
    image = Image.new("RGB", shape, (250, 250, 250))
    ImageDraw.Draw(image).rectangle((0, 0, shape[0] // 2, shape[1] // 3), (10, 60, 90))
    image = image.convert(mode)
    exif = Image.Exif()
    exif[0x0112] = orientation
    path = Path(f"a.{ending}")
    image.save(path, exif=exif, **({"lossless": True} if ending == "webp" else {}))
    got = square(path, size=min(shape))
    with path.open("rb") as stream, Image.open(stream) as stored:
        turned = ImageOps.exif_transpose(stored).convert("RGB")
    left, top = ((side - min(shape)) // 2 for side in turned.size)
    middle = np.asarray(turned, float)[top:, left:][: min(shape), : min(shape)]
    np.testing.assert_allclose(got, middle, atol=1)
    shown = TURNED[orientation](np.asarray(image.convert("RGB"), float))
    by_hand = shown[top:, left:][: min(shape), : min(shape)]
    assert np.abs(got - by_hand).mean() < 12  # JPEG blurs the edges


@pytest.mark.parametrize("orientation", TURNED)
def test_a_large_jpeg_that_is_decoded_in_part_is_turned_too(orientation):
    stored = np.zeros((400, 400, 3), np.uint8)
    stored[:200, :200] = 255
    exif = Image.Exif()
    exif[0x0112] = orientation
    path = saved(Image.fromarray(stored), "a.jpg", exif=exif, quality=95)
    expected = TURNED[orientation](stored)[100::200, 100::200]
    np.testing.assert_allclose(square(path, size=20)[5::10, 5::10], expected, atol=3)


@pytest.mark.filterwarnings("ignore::UserWarning")  # Pillow's, of the same
@pytest.mark.parametrize("exif", [b"Exif\0\0no tiff", b"Exif\0\0II*\0\xff\xff\xff\xff", b"Exif"])
def test_exif_data_that_cannot_be_read_turns_nothing(exif):
    pixels = np.zeros((16, 16, 3), np.uint8)
    pixels[:8] = 200
    path = saved(Image.fromarray(pixels), "a.jpg", exif=exif, quality=95)
    np.testing.assert_allclose(square(path, size=16), pixels, atol=6)


@pytest.mark.parametrize("ending", ["gif", "tif", "png", "webp"])
def test_of_several_frames_the_first_is_taken(ending):
    frames = [Image.new("RGB", (SIDE, SIDE), colour) for colour in ("red", "blue", "green")]
    options = {"lossless": True} if ending == "webp" else {}
    path = saved(frames[0], f"a.{ending}", save_all=True, append_images=frames[1:], **options)
    with open_image(Path(path)) as image:
        assert header_of(image).has_frames
    np.testing.assert_allclose(square(path)[0, 0], [255, 0, 0], atol=1)


# ---- which files are images

ENDINGS = {  # with the formats that they stand for
    "jpg": "JPEG",
    "JPG": "JPEG",
    "jpeg": "JPEG",
    "jfif": "JPEG",
    "jpe": "JPEG",
    "png": "PNG",
    "apng": "PNG",
    "bmp": "BMP",
    "dib": "DIB",
    "gif": "GIF",
    "tif": "TIFF",
    "TIFF": "TIFF",
    "webp": "WEBP",
    "ppm": "PPM",
    "pnm": "PPM",
    "tga": "TGA",
    "jp2": "JPEG2000",
    "ico": "ICO",
    "j2k": "JPEG2000",
    "avif": "AVIF",
    "pcx": "PCX",
    "sgi": "SGI",
    "qoi": "QOI",
    "dds": "DDS",
    "icns": "ICNS",
}


@pytest.mark.parametrize("ending", ENDINGS)
def test_what_pillow_reads_is_an_image(ending):
    pixels = np.zeros((32, 32, 3), np.uint8) + np.uint8([200, 100, 50])
    path = saved(Image.fromarray(pixels), f"a.{ending}", format=ENDINGS[ending])
    assert is_image(Path(path))
    np.testing.assert_allclose(square(path, size=32), pixels, atol=12)


@pytest.mark.parametrize("name", ["a", "a.dat", "photo_1", "b.jpg_large", "c.png~"])
@pytest.mark.parametrize("format", ["PNG", "JPEG", "GIF", "WEBP", "TIFF", "BMP"])
def test_an_image_is_known_by_its_content_where_its_name_does_not_say_so(format, name):
    Image.fromarray(noise(SIDE, SIDE, 3)).save(name, format=format)
    assert is_image(Path(name))
    assert square(name).shape == (SIDE, SIDE, 3)


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("a.txt", b"a text"),
        ("a.csv", b"BM,P6,1\n1,2,3\n"),
        ("a.json", b"{}"),
        ("a.mp4", b"\0\0\0\x18ftypmp42\0\0\0\0"),
        ("a.pdf", b"%PDF-1.7"),
        ("a.eps", b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 9 9\n"),
        ("a.npy", b"\x93NUMPY\x01\0"),
        ("a.h5", b"\x89HDF\r\n\x1a\n"),
        ("empty", b""),
    ],
)
def test_other_files_are_no_images(name, content):
    Path(name).write_bytes(content)
    assert not is_image(Path(name))


def test_a_raw_file_of_a_camera_is_no_image_though_it_holds_a_thumbnail():
    write_tiff("a.nef", noise(SIDE, SIDE))
    assert not is_image(Path("a.nef"))


@pytest.mark.filterwarnings("ignore::UserWarning")  # Pillow's, of the same
@pytest.mark.parametrize("format", ["JPEG", "PNG", "GIF", "TIFF", "WEBP", "BMP"])
@given(st.floats(0, 0.9))
def test_a_file_that_is_cut_anywhere_is_named_as_damaged(format, share):
    path = Path(f"a.{format.lower()}")
    Image.fromarray(noise(40, 40, 3)).save(path, format=format)
    whole = path.read_bytes()
    path.write_bytes(whole[: int(share * len(whole))])
    with pytest.raises(DamagedImage) as raised:
        square(path)
    assert "\n" not in str(raised.value)


@pytest.mark.parametrize(
    "content", [b"", b"<html>403 Forbidden</html>", b"\xff\xd8\xff", b"\0" * 99]
)
@pytest.mark.parametrize("ending", ["jpg", "png", "tga", "bmp", "tif", "xpm", "pcd"])
def test_what_is_no_image_under_an_images_name_is_damage(ending, content):
    Path(f"a.{ending}").write_bytes(content)
    with pytest.raises(DamagedImage):
        square(f"a.{ending}")


def test_an_image_too_large_for_pillow_is_damage_with_its_reason(monkeypatch):
    monkeypatch.setattr(Image, "MAX_IMAGE_PIXELS", 10)
    with pytest.raises(DamagedImage, match="pixels"):
        square(saved(Image.fromarray(noise(SIDE, SIDE)), "a.png"))


@pytest.mark.parametrize(
    ("profile", "is_foreign"),
    [
        (None, False),
        (b"", False),
        (b"..sRGB IEC61966-2.1..", False),
        ("sRGB v4".encode("utf-16-be"), False),
        (b"Display P3", True),
    ],
)
def test_a_colour_profile_other_than_srgb_is_known(profile, is_foreign):
    assert has_foreign_profile(profile) is is_foreign


def linear_profile():
    """An ICC profile with sRGB's colours and without its curve (ICC.1:2001-04, 6.3 and 6.5)."""

    def tag(kind, data):
        return kind + b"\0" * 4 + data + b"\0" * (-len(data) % 4)

    def xyz(*values):
        return tag(b"XYZ ", struct.pack(">3i", *(round(value * 65536) for value in values)))

    text = b"linear\0"
    described = tag(b"desc", struct.pack(">I", len(text)) + text + b"\0" * 79)
    tags = {
        b"desc": described,
        b"cprt": tag(b"text", b"none\0"),
        b"wtpt": xyz(0.9642, 1, 0.8249),
        b"rXYZ": xyz(0.4361, 0.2225, 0.0139),  # of sRGB, adapted to D50
        b"gXYZ": xyz(0.3851, 0.7169, 0.0971),
        b"bXYZ": xyz(0.1431, 0.0606, 0.7141),
        **dict.fromkeys((b"rTRC", b"gTRC", b"bTRC"), tag(b"curv", struct.pack(">I", 0))),
    }
    table, data, start = struct.pack(">I", len(tags)), b"", 128 + 4 + 12 * len(tags)
    for name, content in tags.items():
        table += name + struct.pack(">II", start + len(data), len(content))
        data += content
    size = start + len(data)
    header = struct.pack(">I4sI4s4s4s", size, b"lcms", 0x02400000, b"mntr", b"RGB ", b"XYZ ")
    header += struct.pack(">6H", 2026, 1, 1, 0, 0, 0) + b"acsp" + b"\0" * 28
    header += struct.pack(">3i", 63190, 65536, 54061)
    return header.ljust(128, b"\0") + table + data


@pytest.mark.parametrize("mode", ["RGB", "RGBA", "P"])
def test_colours_of_a_profile_are_those_that_a_viewer_shows(mode):
    values = np.zeros((SIDE, SIDE, 3), np.uint8) + np.arange(SIDE, dtype=np.uint8)[:, None] * 50
    image = Image.fromarray(values).convert(mode)
    path = saved(image, "a.png", icc_profile=linear_profile())
    light = values / 255  # IEC 61966-2-1, the curve of sRGB
    shown = np.where(light <= 0.0031308, 12.92 * light, 1.055 * light ** (1 / 2.4) - 0.055)
    np.testing.assert_allclose(square(path), 255 * shown, atol=3)


@pytest.mark.parametrize("profile", [b"broken", linear_profile()[:200]])
def test_a_profile_that_cannot_be_read_changes_nothing(profile):
    values = noise(SIDE, SIDE, 3)
    path = saved(Image.fromarray(values), "a.png", icc_profile=profile)
    np.testing.assert_array_equal(square(path), values)


def test_a_profile_of_another_mode_changes_nothing():
    values = noise(SIDE, SIDE)
    path = saved(Image.fromarray(values), "a.png", icc_profile=linear_profile())
    np.testing.assert_array_equal(square(path, channels=1)[..., 0], values)
