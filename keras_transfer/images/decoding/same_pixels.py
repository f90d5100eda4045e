"""Which files TensorFlow decodes to exactly Pillow's pixels, told from their bytes, not names.

In doubt the answer is no: such a file goes through Pillow, which takes longer and reads everything.
"""

import re
import zlib

from PIL import ExifTags, Image, features

MOST_PIXELS = 2**26  # TensorFlow refuses 2**29 bytes, and Pillow warns from 2**26.4 pixels on

# Other libjpegs, as some Linux distributions have, round differently from TensorFlow's.
SAME_LIBJPEG = bool(features.check_feature("libjpeg_turbo"))

FRAMES = (0xC0, 0xC1, 0xC2)  # baseline, extended and progressive; all of them Huffman-coded
SCAN, END = 0xDA, 0xD9
# Huffman and quantisation tables, restart interval, APP0 to APP15, comment
HARMLESS_SEGMENTS = {0xC4, 0xDB, 0xDD, *range(0xE0, 0xF0), 0xFE}
# Sampling of the channels: gray (where it has no effect), 4:4:4, 4:2:2, 4:2:0. Others are rare, and
# the libraries smooth them only since a few years ago.
SAMPLINGS = (b"\x11", b"\x21", b"\x22", b"\x11\x11\x11", b"\x21\x11\x11", b"\x22\x11\x11")
# What ends compressed data, in which 0xFF stands only before 0 and in restart markers
MARKER = re.compile(rb"\xff[^\x00\xd0-\xd7]", re.DOTALL)

PNG_START = b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR"
# The end of the header of 8-bit gray and RGB pictures, not interlaced, and their channels
PNG_KINDS = {b"\x08\x00\x00\x00\x00": 1, b"\x08\x02\x00\x00\x00": 3}
# No transparency (tRNS), movement (acTL) or EXIF; the others change no pixel. The library complains
# of many a colour profile (iCCP), at a level that `load_tensorflow.py` hides.
PNG_CHUNKS = re.compile(
    rb"IHDR(pHYs|tIME|tEXt|gAMA|cHRM|sRGB|iCCP|sBIT|bKGD)*(IDAT)+(tIME|tEXt)*IEND"
)
ORIENTED_TEXTS = (b"Raw profile", b"XML:")  # in which Pillow searches for an orientation
MOST_TEXT = 2**20  # the library refuses eight times as much


def is_plain(image: Image.Image, content: bytes) -> bool:
    """Return whether `tf.io.decode_jpeg` reads a file, and to the same pixels as `load_image`.

    Of a PNG everything is checked, so Pillow loads a plain one. Of a JPEG the compressed data are
    not: where they are damaged, both make the same of them, or neither can.

    Args:
        image: What Pillow opened; it need not be loaded.
        content: The whole file.
    """
    try:
        if image.format == "JPEG":
            return SAME_LIBJPEG and find_orientation(image) == 1 and _is_plain_jpeg(content)
        return image.format == "PNG" and _is_plain_png(content)
    except (IndexError, KeyError, ValueError, zlib.error):  # it does not hold what it must
        return False


def find_orientation(image: Image.Image) -> int:
    """Return the EXIF orientation of an image, 1 to 8; 1, upright, if it has none or an odd one."""
    try:
        orientation: int = image.getexif().get(ExifTags.Base.Orientation, 1)
        return orientation if orientation in range(1, 9) else 1
    except Exception:  # damaged data raise anything, from SyntaxError to struct.error
        return 1


def _is_plain_jpeg(content: bytes) -> bool:
    """Walk through the segments up to the end marker, which must be the end of the file."""
    lacking: dict[int, list[int]] = {}  # channel -> bits not yet known of its 64 frequencies
    position = 2
    while (marker := content[position + 1]) != END:
        end = position + 2 + int.from_bytes(content[position + 2 : position + 4])
        segment = content[position + 4 : end]
        if marker in FRAMES and not lacking:
            lacking = _read_frame(segment)
        elif marker == SCAN:
            _read_scan(segment, lacking)
            found = MARKER.search(content, end)
            end = found.start() if found else len(content)
        elif marker not in HARMLESS_SEGMENTS:
            return False
        if content[position] != 0xFF:
            return False
        position = end
    # What lacks bits is smoothed, and each version of the library does it in its own way.
    complete = bool(lacking) and not any(map(any, lacking.values()))
    return complete and content[position:] == b"\xff\xd9"


def _read_frame(segment: bytes) -> dict[int, list[int]]:
    """Return the channels of a frame with nothing known of them; refuse an odd frame."""
    height, width = int.from_bytes(segment[1:3]), int.from_bytes(segment[3:5])
    channels = segment[6::3]
    usual = segment[0] == 8 and segment[7::3] in SAMPLINGS and len(set(channels)) == len(channels)
    if not usual or len(segment) != 6 + 3 * segment[5] or not 0 < height * width <= MOST_PIXELS:
        raise ValueError
    return {channel: [1] * 64 for channel in channels}


def _read_scan(segment: bytes, lacking: dict[int, list[int]]) -> None:
    """Note what a scan tells of which channels."""
    count = segment[0]
    first, last, bits = segment[1 + 2 * count :]
    if not first <= last < 64:
        raise ValueError
    for channel in segment[1 : 1 + 2 * count : 2]:
        lacking[channel][first : last + 1] = [bits & 15] * (last + 1 - first)


def _is_plain_png(content: bytes) -> bool:
    """Walk through the chunks, check their sums and decompress the pixels."""
    width, height = int.from_bytes(content[16:20]), int.from_bytes(content[20:24])
    channels = PNG_KINDS[content[24:29]]
    if not content.startswith(PNG_START) or not 0 < height * width <= MOST_PIXELS:
        return False
    view, position, kinds, pixels = memoryview(content), 8, b"", []
    while position < len(content):
        end = position + 12 + int.from_bytes(content[position : position + 4])
        kind, data = content[position + 4 : position + 8], view[position + 8 : end - 4]
        if zlib.crc32(view[position + 4 : end - 4]) != int.from_bytes(content[end - 4 : end]):
            return False
        if kind == b"IDAT":
            pixels.append(data)
        elif len(data) > MOST_TEXT or bytes(data[:11]).startswith(ORIENTED_TEXTS):
            return False
        kinds += kind
        position = end
    if position != len(content) or not PNG_CHUNKS.fullmatch(kinds):
        return False
    return _holds_rows(b"".join(pixels), height, 1 + channels * width)


def _holds_rows(pixels: bytes, count: int, length: int) -> bool:
    """Return whether compressed data hold so many rows of so many bytes, and nothing else."""
    inflate = zlib.decompressobj()
    rows = inflate.decompress(pixels, count * length + 1)
    whole = len(rows) == count * length and inflate.eof and not inflate.unused_data
    # Data must not reach back further than they say; Pillow would not mind.
    window = 2 ** (8 + (pixels[0] >> 4))
    return whole and window >= min(len(rows), 2**15) and max(rows[::length]) <= 4  # known filters
