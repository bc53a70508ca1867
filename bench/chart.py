"""Charts for the README: SVG written by hand, legible on a light and on a dark page."""

from __future__ import annotations

import statistics
from typing import Any
from xml.sax.saxutils import escape

WIDTH, LABEL, BAR, GAP, LEFT = 860, 16, 14, 3, 130
STYLE = """
text { font: 12px system-ui, -apple-system, "Segoe UI", sans-serif; fill: #57606a; }
.title { font-size: 15px; font-weight: 600; fill: #24292f; }
.value { font-size: 11px; }
.ours { fill: #0969da; } .ours.cold { fill: #80b4ec; }
.other { fill: #8c959f; } .other.cold { fill: #c4cad0; }
.axis { stroke: #d0d7de; }
@media (prefers-color-scheme: dark) {
  text { fill: #9198a1; } .title { fill: #f0f6fc; }
  .ours { fill: #4493f8; } .ours.cold { fill: #1f5396; }
  .other { fill: #7d8590; } .other.cold { fill: #484f58; }
  .axis { stroke: #3d444d; }
}
"""


def _speeds(
    results: dict[str, Any], section: str, encoding: str
) -> dict[str, dict[str, dict[str, float]]]:
    """Speeds in MB/s, by phase, peer and text."""
    found: dict[str, dict[str, dict[str, float]]] = {}
    for cell in results["cells"]:
        if cell["section"] == section and cell["encoding"] == encoding:
            speed = cell["bytes"] / statistics.median(cell["values"]) / 1e6
            peers = found.setdefault(cell["phase"], {})
            peers.setdefault(cell["peer"], {})[cell["work"]] = speed
    return found


def _mean(speeds: dict[str, float], texts: list[str]) -> float | None:
    """Geometric mean over the texts, if there is a figure for each."""
    if not all(text in speeds for text in texts):
        return None
    return statistics.geometric_mean([speeds[text] for text in texts])


def chart(results: dict[str, Any], section: str, encoding: str) -> str | None:
    """Bars of cold and warm speed, geometric mean over the texts, fastest first."""
    speeds = _speeds(results, section, encoding)
    cold, warm = speeds.get("cold", {}), speeds.get("warm", {})
    texts = sorted({text for by_text in warm.values() for text in by_text})
    rows = []
    for peer in warm:
        pair = (_mean(warm[peer], texts), _mean(cold.get(peer, {}), texts))
        if pair[0] is not None and pair[1] is not None:
            rows.append((pair[0], pair[1], peer))
    if len(rows) < 2:
        return None
    rows.sort(reverse=True)
    return _draw(rows, f"{encoding}, {section}: MB/s, mean of {len(texts)} texts", results)


def _draw(rows: list[tuple[float, float, str]], title: str, results: dict[str, Any]) -> str:
    top, row = 56, 2 * BAR + 3 * GAP
    height = top + row * len(rows) + 28
    scale = (WIDTH - LEFT - 70) / max(max(one, other) for one, other, _ in rows)
    machine = results["machine"]
    note = f"{machine['processor']}, one core, {machine['python']}, {machine['date'][:10]}"
    size = f'width="{WIDTH}" height="{height}" viewBox="0 0 {WIDTH} {height}"'
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" {size} role="img" aria-label="{escape(title)}">',
        f"<style>{STYLE}</style>",
        f'<text class="title" x="{LEFT}" y="20">{escape(title)}</text>',
        f'<text x="{LEFT}" y="40">light: first sight of a text; full: best later pass</text>',
        f'<line class="axis" x1="{LEFT}" x2="{LEFT}" y1="{top - 4}" y2="{height - 24}"/>',
    ]
    for index, (warm, cold, peer) in enumerate(rows):
        y = top + index * row
        kind = "ours" if peer == results["run"]["subject"] else "other"
        parts.append(
            f'<text x="{LEFT - 8}" y="{y + BAR + 5}" text-anchor="end">{escape(peer)}</text>'
        )
        for offset, value, shade in ((0, cold, " cold"), (BAR + GAP, warm, "")):
            length = max(1.0, value * scale)
            parts.append(
                f'<rect class="{kind}{shade}" x="{LEFT}" y="{y + offset}" '
                f'width="{length:.1f}" height="{BAR}" rx="2"/>'
            )
            parts.append(
                f'<text class="value" x="{LEFT + length + 6:.1f}" '
                f'y="{y + offset + 11}">{value:.0f}</text>'
            )
    parts.append(f'<text class="value" x="{LEFT}" y="{height - 8}">{escape(note)}</text>')
    return "\n".join([*parts, "</svg>", ""])


def pictures(results: dict[str, Any]) -> dict[str, str]:
    """File name -> SVG, for every encoding and output that has been measured."""
    made: dict[str, str] = {}
    encodings = dict.fromkeys(cell["encoding"] for cell in results["cells"])
    for section in ("array", "list", "count"):
        for encoding in encodings:
            picture = chart(results, section, encoding)
            if picture:
                made[f"{section}-{encoding}.svg"] = picture
    return made
