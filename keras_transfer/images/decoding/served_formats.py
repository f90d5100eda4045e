"""Which encoded images a SavedModel's `serve_bytes` reads, in words that the model card prints.

`served_decoding.py` does what stands here, and its tests have a case for each clause. Nothing here
needs TensorFlow.
"""

# A step of a loop in a graph takes 10 microseconds or more; small files can hold a million parts.
MOST_SEGMENTS = 1000  # of a JPEG before its pixels; usual ones have 20
MOST_EXTENSIONS = 100  # of a GIF before its first frame, each of at most
MOST_EXTRA_BLOCKS = 1000  # blocks of 255 bytes
MOST_BLOCKS = 2**15  # of the first frame

READ = (
    "JPEG (turned upright as EXIF says), PNG, BMP of 8, 24 or 32 bits, GIF (its first frame) and "
    "WebP; what is transparent in a PNG or WebP becomes white"
)
# TensorFlow would read wrong pixels or none, or be busy for long
REFUSED = (
    "CMYK JPEGs, BMPs that are compressed or of other depths, GIFs whose first frame does not fill "
    f"them or is above {255 * MOST_BLOCKS // 10**6} MB, animated WebPs, every other format, JPEGs "
    f"of {MOST_SEGMENTS:,} parts or more before the image, and GIFs of more than {MOST_EXTENSIONS}"
)
# what could not be told from its bytes in a few operations, and is rare
READ_OTHERWISE = (
    "orientation in PNG, WebP and XMP is not followed; what is transparent in a GIF is black, in a "
    "BMP as if it were not, in a 16-bit gray PNG white; a 32-bit BMP is taken for BGRA, whatever "
    "order it declares; of a 16-bit PNG only the upper byte is read where data.value_range is full"
)
