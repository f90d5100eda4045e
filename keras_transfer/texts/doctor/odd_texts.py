"""What is unusual about a text: marks of HTML, letters read in a wrong encoding, and the like."""

import re
from collections.abc import Iterator

LONG = 100_000  # characters: more are a file rather than a text

HTML = re.compile(
    r"</?[a-zA-Z][a-zA-Z0-9]{0,9}\s*/?>|<[a-zA-Z]{1,10}\s[^<>=]{1,50}=[^<>]{0,500}>|<!--|<!DOCTYPE|"
    r"&(?:amp|lt|gt|quot|apos|nbsp|#\d{2,5}|#x[0-9a-fA-F]{2,5});"
)
# UTF-8 that was read as cp1252: what follows its first byte are letters of 0x80 to 0xBF there.
NEXT = f"[\x80-\xbf{bytes(range(0x80, 0xC0)).decode('cp1252', 'ignore')}]"
MOJIBAKE = re.compile(f"[ÂÃ]{NEXT}|â{NEXT}{{2}}|ðŸ{NEXT}|(?:[ÐÑ]{NEXT}){{2}}|ï»¿")
REPLACED = "\ufffd"
CONTROLS = re.compile("[\x00-\x08\x0b\x0e-\x1f\x7f]")
LETTER = re.compile(r"[^\W\d_]")


def find_odd(texts: tuple[str, ...]) -> str:
    """Return what is unusual about an example, words joined by ", "; "" if nothing is.

    Args:
        texts: One, or a pair.
    """
    kinds = dict.fromkeys(kind for text in texts for kind in _list_odd(text))
    if len(texts) > 1 and len({*texts}) == 1:
        kinds["twice the same text"] = None
    return ", ".join(kinds)


def _list_odd(text: str) -> Iterator[str]:
    if ("<" in text or "&" in text) and HTML.search(text):
        yield "HTML"
    if not text.isascii() and (REPLACED in text or MOJIBAKE.search(text)):
        yield "wrong encoding"
    if len(text) > LONG:
        yield "very long"
    if not text.isprintable() and CONTROLS.search(text):
        yield "control characters"
    if not LETTER.search(text):
        yield "no letters"
