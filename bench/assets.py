"""What a first visit fetches: a list page with its style sheets, scripts, modules, fonts and pictures."""

from __future__ import annotations

import re
from typing import Any

from bench.browser import Browser, local

_LINKED = re.compile(r'<(?:link|script|img)\b[^>]*?\b(?:href|src)="([^"]+)"|<use href="([^"#]+)#')
_IMPORTED = re.compile(r"""\b(?:from|import)\s*\(?\s*["'](\.{1,2}/[^"']+)["']""")
_STYLED = re.compile(r"""url\(\s*["']?(?!data:)([^"')#]+)|@import\s+["']([^"']+)""")


def first_visit(browser: Browser, path: str) -> dict[str, Any]:
    """Bytes as they travel to a browser that takes gzip: the page's own, and those of everything that it names."""
    page = browser.get(path, Accept_Encoding="gzip")
    waiting = [local(found[0] or found[1], path) for found in _LINKED.findall(page.text)]
    sizes: dict[str, int] = {}
    kept = True
    while waiting:
        address = waiting.pop()
        if address in sizes or not address.startswith("/static/"):
            continue
        answer = browser.get(address, Accept_Encoding="gzip")
        if answer.status != 200:
            continue
        sizes[address] = len(answer.body)
        kept = kept and "immutable" in answer.headers.get("Cache-Control", "")
        name = address.partition("?")[0]
        if name.endswith(".js"):
            waiting += [local(found, address) for found in _IMPORTED.findall(answer.text)]
        elif name.endswith(".css"):
            waiting += [local(found[0] or found[1], address) for found in _STYLED.findall(answer.text)]
    return {
        "page_gzip": len(page.body),
        "page": len(page.content),
        "assets_gzip": sum(sizes.values()),
        "requests": len(sizes),
        "all_immutable": kept,
        "files": dict(sorted(sizes.items(), key=lambda item: -item[1])),
    }
