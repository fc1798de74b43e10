"""MathML that is safe to put into a page: a document on disk is not trusted, so elements are listed one by one."""

from __future__ import annotations

import html
import re
from xml.etree import ElementTree

_ELEMENTS = frozenset({
    "math", "mrow", "mi", "mo", "mn", "ms", "mtext", "mspace", "mfrac", "msqrt", "mroot", "msup", "msub", "msubsup",
    "munder", "mover", "munderover", "mfenced", "mpadded", "mphantom", "mstyle", "mtable", "mtr", "mtd", "menclose",
})  # fmt: skip
_ATTRIBUTES = frozenset({
    "display", "mathvariant", "width", "height", "linethickness", "open", "close", "separators", "stretchy", "fence",
})  # fmt: skip
_ENTITY = re.compile(r"&([A-Za-z][A-Za-z0-9]*);")
_PRINTED = {("mo", "-"): "−", ("mi", "ⅇ"): "e"}
_SPECIAL = frozenset({"lt", "gt", "amp", "quot", "apos"})


def safe_mathml(text: str, *, inline: bool = False) -> str:
    """Return the element if it is MathML of known elements and attributes only, empty otherwise.

    `inline` is for a line of text: the law alone, without the abbreviations that follow after a space.
    """
    named = _ENTITY.sub(lambda m: m[0] if m[1] in _SPECIAL else html.unescape(m[0]), text)
    if not named.strip() or "<!" in named:
        return ""
    try:
        root = ElementTree.fromstring(named)
    except ElementTree.ParseError:
        return ""
    if root.tag != "math" or any(element.tag not in _ELEMENTS for element in root.iter()):
        return ""
    if inline:
        root.attrib.pop("display", None)
        _shorten(root)
    for element in root.iter():
        for name in [name for name in element.attrib if name not in _ATTRIBUTES]:
            del element.attrib[name]
        # sympy writes a hyphen and a double-struck e where print has a minus and an italic e
        element.text = _PRINTED.get((element.tag, element.text or ""), element.text)
    return ElementTree.tostring(root, encoding="unicode", short_empty_elements=False)


def _shorten(root: ElementTree.Element) -> None:
    """Cut a row of equations after the first."""
    row = root[0] if len(root) == 1 else root
    at = next((i for i, element in enumerate(row) if element.tag == "mspace"), None)
    if at is None or at == 0:
        return
    comma = row[at - 1].tag == "mo" and row[at - 1].text == ","
    for element in list(row)[at - 1 if comma else at :]:
        row.remove(element)
