"""Small pictures inside a page: SVG without script or style of its own, coloured by the classes of style.css."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from xml.etree import ElementTree

from markupsafe import Markup

Element = ElementTree.Element


def shape(tag: str, style: str, **attributes: float | str) -> Element:
    """Return an element of class `style`; lengths are rounded to a tenth of a pixel."""
    return ElementTree.Element(tag, {"class": style, **{name: _text(value) for name, value in attributes.items()}})


def line(style: str, x1: float, y1: float, x2: float, y2: float) -> Element:
    """Return a straight line."""
    return shape("line", style, x1=x1, y1=y1, x2=x2, y2=y2)


def path(style: str, points: Iterable[tuple[float, float]], *, closed: bool = False) -> Element:
    """Return a line through points, or the area that it encloses."""
    corners = " ".join(f"{_text(x)},{_text(y)}" for x, y in points)
    return shape("polygon" if closed else "polyline", style, points=corners)


def words(style: str, x: float, y: float, text: str) -> Element:
    """Return text with its baseline at y."""
    found = shape("text", style, x=x, y=y)
    found.text = text
    return found


def group(title: str, members: Iterable[Element]) -> Element:
    """Return elements that share a tooltip."""
    found = ElementTree.Element("g")
    ElementTree.SubElement(found, "title").text = title
    found.extend(members)
    return found


def picture(style: str, size: tuple[float, float], members: Iterable[Element], label: str | None = None) -> Markup:
    """Return the SVG element: an image called `label`, or an ornament that screen readers pass over."""
    width, height = (_text(value) for value in size)
    spoken: Mapping[str, str] = {"aria-hidden": "true"} if label is None else {"role": "img", "aria-label": label}
    attributes = {"class": style, "viewBox": f"0 0 {width} {height}", "width": width, "height": height, **spoken}
    root = ElementTree.Element("svg", attributes)
    if label is not None:
        ElementTree.SubElement(root, "title").text = label
    root.extend(members)
    return Markup(ElementTree.tostring(root, encoding="unicode", short_empty_elements=False))


def _text(value: float | str) -> str:
    return value if isinstance(value, str) else f"{value:.1f}".removesuffix(".0")
