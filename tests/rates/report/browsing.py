"""What the browser tests share: a watched page, and what a browser says of colours, names and headings."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

# Every element that holds text of its own and is shown, with its colour and the colours behind it, outermost last.
COLOURS = """() => {
  const found = [];
  for (const element of document.querySelectorAll("body *")) {
    const texts = Array.from(element.childNodes).filter((node) => node.nodeType === Node.TEXT_NODE);
    const own = texts.map((node) => node.data.trim()).join(" ").trim();
    const skipped = element.closest("script, noscript, .hidden, .plot, option, optgroup");
    if (!own || skipped || !element.checkVisibility({ visibilityProperty: true })) continue;
    const css = getComputedStyle(element), behind = [];
    for (let node = element; node; node = node.parentElement) behind.push(getComputedStyle(node).backgroundColor);
    const svg = element instanceof SVGElement;
    found.push({ text: own.slice(0, 40), colour: svg ? css.fill : css.color, behind });
  }
  return found;
}"""
HEADINGS = "() => Array.from(document.querySelectorAll('h1, h2, h3, h4, h5, h6'), (h) => Number(h.tagName[1]))"
SHOWN = "#claim-table tbody:not([hidden])"
EXPECTED = r"(file|data):|net::ERR_ABORTED"  # what is asked for, and what a reader left before it had come
ROLES = {"button", "link", "textbox", "searchbox", "combobox", "checkbox", "region", "img", "table", "navigation"}


@contextmanager
def watched(browser: Any, *, plots: bool = True, **options: Any) -> Iterator[Any]:
    """Give a page of its own; fail where it logged an error, lost a request or asked for more than files.

    Without `plots` plotly's script (4.5 MB, most of the time of a page) is an empty file.
    """
    context = browser.new_context(**{"viewport": {"width": 1280, "height": 900}, **options})
    if not plots:
        context.route("**/plotly.min.js", lambda route: route.fulfill(body="", content_type="text/javascript"))
    try:
        page = context.new_page()
        with harmless(page):
            yield page
    finally:
        context.close()


@contextmanager
def harmless(page: Any) -> Iterator[None]:
    """Collect what goes wrong on a page; AssertionError where something did."""
    wrong: list[str] = []
    listeners = {
        "console": lambda message: wrong.append(message.text) if message.type in ("error", "warning") else None,
        "pageerror": lambda error: wrong.append(str(error)),
        "requestfailed": lambda request: wrong.append(f"{request.failure}: {request.url}"),
        "request": lambda request: wrong.append(request.url),
    }
    for event, listener in listeners.items():
        page.on(event, listener)
    yield
    for event, listener in listeners.items():
        page.remove_listener(event, listener)
    assert [text for text in wrong if not re.match(EXPECTED, text)] == []


def rows(page: Any) -> list[str]:
    """Return the addresses of the claims that are shown, in their order."""
    texts = page.evaluate(
        f"Array.from(document.querySelectorAll('{SHOWN}'), (body) => body.rows[0].cells[1].innerText)"
    )
    return [text.replace("\n", "") for text in texts]


def contrasts(page: Any) -> dict[str, float]:
    """Return the contrast of every text with what is behind it, by the formula of WCAG 2."""
    return {item["text"]: contrast(item["colour"], item["behind"]) for item in page.evaluate(COLOURS)}


def contrast(colour: str, behind: list[str]) -> float:
    """Return (L1 + 0.05)/(L2 + 0.05) of a colour over backgrounds, the nearest first."""
    ground = (255.0, 255.0, 255.0)
    for layer in reversed(behind):
        ground = _over(layer, ground)
    light, dark = sorted((_luminance(_over(colour, ground)), _luminance(ground)), reverse=True)
    return (light + 0.05) / (dark + 0.05)


def unnamed(page: Any) -> list[str]:
    """Return what Chromium's accessibility tree offers without a name, among what has to have one."""
    session = page.context.new_cdp_session(page)
    nodes = session.send("Accessibility.getFullAXTree")["nodes"]
    session.detach()
    return [
        node["role"]["value"]
        for node in nodes
        if not node.get("ignored") and node["role"]["value"] in ROLES and not node.get("name", {}).get("value")
    ]


def press_until(page: Any, reached: Callable[[], bool], *, most: int = 60) -> None:
    """Press Tab until something is reached; AssertionError where a keyboard cannot get there."""
    for _ in range(most):
        page.keyboard.press("Tab")
        if reached():
            return
    raise AssertionError("the keyboard does not get there")


def _over(colour: str, ground: tuple[float, ...]) -> tuple[float, ...]:
    numbers = [float(part) for part in colour[colour.index("(") + 1 : -1].replace("/", ",").split(",")]
    alpha = numbers[3] if len(numbers) > 3 else 1.0
    return tuple(alpha * c + (1 - alpha) * g for c, g in zip(numbers[:3], ground, strict=True))


def _luminance(colour: tuple[float, ...]) -> float:
    linear = [v / 12.92 if v <= 0.04045 else ((v + 0.055) / 1.055) ** 2.4 for v in (c / 255 for c in colour)]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]
