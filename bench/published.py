"""A folder with the published vocabulary files, for the peers that load them."""

from __future__ import annotations

import hashlib
import importlib.util
from pathlib import Path
from typing import Any

from peers import JSON_FILES, RANK_FILES

SHA256 = {
    "cl100k_base.tiktoken": "223921b76ee99bde995b7ff738513eef100fb51d18c93597a113bcffe865b2a7",
    "o200k_base.tiktoken": "446a9538cb6c348e3516120d7c08b09f57c36495e2acfffe59a5bf8b0cfb1a2d",
    "r50k_base.tiktoken": "306cd27f03c1a714eca7108e03d66b7dc042abe8c258b44c199a7ed9838dd930",
    "deepseek_v3.tokenizer.json": (
        "8f9f37ca37fdc4f5fd36d5cf4d3b0e8392edb4e894fd10cc0d70b4957c8633cf"
    ),
}
# tiktoken looks for a rank file in its cache under the sha1 of the file's address.
TIKTOKEN_CACHE = {
    "cl100k_base.tiktoken": "9b5ad71b2ce5302211f9c61530b329a4922fc6a4",
    "o200k_base.tiktoken": "fb374d419588a4632f3f557e76b4b70aebbca790",
    "r50k_base.tiktoken": "0ea1e91bbb3a60f729a8dc8f777fd2fc07cd8df4",
}
R50K_RANKS = 50256


def prepare(target: Path, given: Path | None, root: Path) -> Path:
    """Fill `target` with checked files, from `given` or from the project's own data."""
    target.mkdir(parents=True, exist_ok=True)
    cache = target / "tiktoken-cache"
    cache.mkdir(exist_ok=True)
    for name in (*RANK_FILES.values(), *JSON_FILES.values()):
        path = target / name
        if not path.exists() or _sha256(path.read_bytes()) != SHA256[name]:
            data = _from_folder(given, name) if given else _from_data(root, name)
            if _sha256(data) != SHA256[name]:
                raise SystemExit(f"{name} is not the published file: its sha256 differs")
            path.write_bytes(data)
        if name in TIKTOKEN_CACHE:
            copy = cache / TIKTOKEN_CACHE[name]
            if not copy.exists() or copy.stat().st_size != path.stat().st_size:
                copy.write_bytes(path.read_bytes())
    return target


def _sha256(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


def _from_folder(folder: Path, name: str) -> bytes:
    if name == "r50k_base.tiktoken" and not (folder / name).exists():
        # The same file, less the ranks from 50256 up.
        lines = (folder / "p50k_base.tiktoken").read_bytes().splitlines(keepends=True)
        return b"".join(line for line in lines if int(line.split()[1]) < R50K_RANKS)
    return (folder / name).read_bytes()


def _from_data(root: Path, name: str) -> bytes:
    """The published bytes, written again from the compact form in data/."""
    tool = root / "data" / "tools" / "vocabularies.py"
    spec = importlib.util.spec_from_file_location("bench_vocabularies", tool)
    if spec is None or spec.loader is None or not tool.exists():
        raise SystemExit(f"{tool} is missing: pass the published files with --published DIR")
    tools: Any = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(tools)
    if name in tools.RANK_FILES:
        pairs, number, _ = tools.RANK_FILES[name]
        rows = tools.read_pairs(tools.DATA / pairs)[:number]
        return bytes(tools.rank_file(tools.tokens_of_pairs(rows)))
    rows = tools.read_pairs(tools.DATA / "deepseek_v3.pairs")
    added = list(tools.read_added(tools.DATA / "deepseek_v3.added"))
    return bytes(tools.deepseek_json(rows, added))
