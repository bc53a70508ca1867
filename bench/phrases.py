"""Sentences, source lines, logs and JSON that look like an agent's work, in several scripts."""

from __future__ import annotations

import json
import random

# Sentences are a subject, a verb and an object of one language, joined as that language does.
_LANGUAGES: dict[str, tuple[str, str, list[str], list[str], list[str]]] = {
    "english": (
        " ",
        ".",
        [
            "The ingest worker",
            "Our retry policy",
            "This endpoint",
            "The second migration",
            "The invoice exporter",
            "A cached session",
            "The scheduler",
            "Nobody on the team",
            "The feature flag",
            "That stack trace",
            "The customer",
            "The staging cluster",
        ],
        [
            "reads every row of",
            "waits far too long for",
            "was written before",
            "does not know about",
            "silently overwrites",
            "still depends on",
            "takes its settings from",
            "should not be mixed with",
            "holds a lock on",
            "was tested against",
        ],
        [
            "the shared queue while the nightly job runs",
            "an older copy of the schema",
            "the address book that sales maintain by hand",
            "records whose owner left the company",
            "a table without an index on the date",
            "the configuration of another region",
            "the third party's rate limit",
            "the list of open orders",
            "whatever the browser has sent before",
            "a file that is replaced at midnight",
        ],
    ),
    "german": (
        " ",
        ".",
        ["Der Importdienst", "Die Abrechnung", "Das Formular", "Unsere Schnittstelle"],
        ["prüft", "überschreibt", "benötigt noch", "verwirft manchmal"],
        ["die älteren Datensätze", "den Schlüssel des Kunden", "sämtliche Rückläufer"],
    ),
    "russian": (
        " ",
        ".",
        ["Служба рассылки", "Новый отчёт", "Эта проверка", "Наш сервер"],
        ["не учитывает", "каждый раз перечитывает", "теряет", "сохраняет"],
        ["записи прошлого года", "настройки пользователя", "очередь заявок"],
    ),
    "chinese": (
        "",
        "。",
        ["订单服务", "这个接口", "夜间任务", "数据库迁移"],
        ["依赖于", "会覆盖", "没有检查", "重复读取"],
        ["旧版本的配置", "用户的会话记录", "没有索引的表"],
    ),
    "japanese": (
        "",
        "。",
        ["この処理は", "請求書の出力は", "夜間バッチは", "認証サーバーは"],
        ["古い設定を", "顧客の記録を", "待ち行列の一部を"],
        ["読み直します", "上書きしてしまいます", "まだ参照しています"],
    ),
    "arabic": (
        " ",
        ".",
        ["خدمة الفواتير", "هذا التقرير", "خادم النسخ"],
        ["لا تراجع", "يقرأ مرة أخرى", "يحذف"],
        ["سجلات العملاء", "إعدادات المنطقة", "قائمة الطلبات"],
    ),
    "hindi": (
        " ",
        "।",
        ["बिल सेवा", "यह रिपोर्ट", "रात का काम"],
        ["पुराने रिकॉर्ड को", "ग्राहक की सूची को", "सभी आदेशों को"],
        ["फिर से पढ़ता है", "नहीं देखता", "बदल देता है"],
    ),
}
SCRIPTS = tuple(_LANGUAGES)

NOUNS = (
    "billing retry queue invoice session export import report schema worker lease ledger cache "
    "token batch quota audit webhook mailer search index upload avatar ticket tenant region"
).split()
VERBS = "load save merge check parse send close open list find drop keep sort split".split()
NAMES = ("Anna", "Mehmet", "Priya", "Olga", "Wei", "Carlos")
DAYS = ("Monday", "Tuesday", "last week", "in March")
ENDINGS = ("py", "ts", "go", "sql", "yaml", "md")


def word(rng: random.Random) -> str:
    return rng.choice(NOUNS)


def identifier(rng: random.Random) -> str:
    return f"{rng.choice(VERBS)}_{word(rng)}"


def path(rng: random.Random) -> str:
    parts = [rng.choice(("src", "lib", "tests", "services")), word(rng), identifier(rng)]
    return "/".join(parts) + "." + rng.choice(ENDINGS)


def sentence(rng: random.Random, script: str = "english") -> str:
    space, stop, subjects, verbs, objects = _LANGUAGES[script]
    said = space.join((rng.choice(subjects), rng.choice(verbs), rng.choice(objects)))
    if script == "english" and rng.random() < 0.3:
        said += f", which is why {rng.choice(subjects).lower()} {rng.choice(verbs)} it"
    return said + _aside(rng) + stop


def _aside(rng: random.Random) -> str:
    """In two of five sentences: a figure, a name, a file; so that facts do not stand out by it."""
    kind = rng.random()
    if kind < 0.6:
        return ""
    if kind < 0.75:
        return f" ({rng.randint(2, 9_999):,} {rng.choice(('rows', 'ms', 'EUR', '%'))})"
    if kind < 0.85:
        return f" ({rng.choice(NAMES)}, {rng.choice(DAYS)})"
    return f" ({path(rng)})" if kind < 0.95 else f" ({word(rng).title()}Error)"


def prose(rng: random.Random, sentences: int, script: str = "english") -> str:
    """Sentences in paragraphs of two to six."""
    paragraphs: list[str] = []
    space = _LANGUAGES[script][0]
    while sentences > 0:
        number = min(sentences, rng.randint(2, 6))
        paragraphs.append(space.join(sentence(rng, script) for _ in range(number)))
        sentences -= number
    return "\n\n".join(paragraphs)


def code(rng: random.Random, lines: int) -> str:
    """Source that reads like Python, of about so many lines."""
    made: list[str] = [f"from {word(rng)} import {identifier(rng)}", ""]
    while len(made) < lines:
        name, value = identifier(rng), word(rng)
        made += [
            f"def {name}({value}, limit={rng.randint(1, 900)}):",
            f'    """{sentence(rng)}"""',
            f"    rows = {identifier(rng)}({value}, {word(rng)}={rng.randint(0, 99)})",
            f"    if len(rows) > limit:  # {rng.choice(NOUNS)} of {rng.choice(NOUNS)}",
            f'        raise {value.title()}Error(f"too many: {{len(rows)}}")',
            f"    return [{identifier(rng)}(row) for row in rows if row.{word(rng)}]",
            "",
        ]
    return "\n".join(made[:lines])


def log(rng: random.Random, lines: int) -> str:
    """Lines of a program's or a test run's output."""
    made = []
    for _ in range(lines):
        level = rng.choices(("INFO", "DEBUG", "WARN"), (6, 3, 1))[0]
        clock = f"{rng.randint(0, 23):02}:{rng.randint(0, 59):02}:{rng.random() * 60:06.3f}"
        about = f"{identifier(rng)} {word(rng)}={rng.randint(1, 99999)}"
        made.append(f"{clock} {level} {about} took {rng.randint(1, 4000)}ms")
    return "\n".join(made)


def rows(rng: random.Random, number: int, script: str = "english") -> str:
    """JSON as a tool returns it: a status and a list of records."""
    records = [
        {
            "id": rng.randint(1, 10**6),
            "name": identifier(rng),
            "status": rng.choice(("open", "closed", "failed")),
            "note": sentence(rng, script),
            "score": round(rng.random(), 3),
        }
        for _ in range(number)
    ]
    found = {"status": "ok", "count": number, "rows": records}
    return json.dumps(found, ensure_ascii=False)


def documents(rng: random.Random, number: int, script: str = "english") -> list[str]:
    """Passages as a retriever returns them; a few recur word for word from turn to turn."""
    found = []
    for _ in range(number):
        seed = rng.choice((rng.randint(1, 12), rng.randint(100, 10**6)))
        own = random.Random(seed)
        found.append(f"[{seed}] {word(own).title()} guide: {prose(own, 4, script)}")
    return found
