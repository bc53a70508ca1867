"""Characters, words and events of which the generators make text; one of each kind that matters."""

from __future__ import annotations

WHITESPACE = (
    "\t\n\x0b\x0c\r \x85\xa0\u1680\u2000\u2001\u2002\u2003\u2004\u2005\u2006\u2007\u2008\u2009"
    "\u200a\u2028\u2029\u202f\u205f\u3000"
)


def _words(text: str) -> list[str]:
    return text.split(" ")


# What looks like whitespace, or counts as such elsewhere, and does not for `\s`.
NEAR_WHITESPACE = "\x1c\x1d\x1e\x1f\u180e\u200b\u200c\u200d\u2060\ufeff\u2800\u00ad"
NEWLINES = ("\n", "\r", "\r\n", "\n\n", "\n\r", "\r\r\n", " \n", "\n ", "\t\n", "\u2028", "\x85\n")
APOSTROPHES = ("'", "\u2019", "\u02bc", "`", "''")
CONTRACTIONS = _words(
    "s S t T d D m M re RE Re rE ve VE Ve vE ll LL Ll lL \u017f \u017fs l v r e story real let ver "
    "sS dm \u0131 \u0130 \u212a so\u0301 s\u0301 s1 s' re's"
)
DIGITS = (
    "0123456789\u0663\u0664\u06f5\u096b\u0be7\u0e53\u0f24\u17e4\uff11\uff19\u00b2\u00bd\u2167\u2460"
    "\u3007\u3021\u4e00\u2189\U0001d7d8\U00010107\U00011de0\U0001fbf0"
)
MARKS = (
    "\u0300\u0301\u0308\u0327\u0345\u0483\u0488\u064b\u093e\u0903\u0bcd\u20dd"
    "\u3099\ufe0f\ufe20\U000e0100\U0001d165"
)
# o200k looks at each of these classes: upper, lower, title, modifier, other.
CASES = (
    "AZ\u00c0\u0116\u0391\u0414\u1e9e\u2c6f\U00010400\U0001e900",
    "az\u00df\u017f\u0117\u03b1\u0434\u1d00\u2c65\U00010428\U0001e922",
    "\u01c5\u01c8\u01cb\u01f2\u1f88\u1fbc",
    "\u02b0\u02bc\u0374\u0559\u0640\u1d2c\u3005\u309d\ua717\uff70\U00010780",
    "\u00aa\u00ba\u01bb\u05d0\u0621\u0905\u0e01\u3042\u30a2\u4e2d\uac00\ufdfa\U00020000\U00013000",
)
SCRIPTS = (
    "the of and tokens Encoding return self HTTPServer iPhone naive",
    "na\u00efve caf\u00e9 \u00dcber stra\u00dfe \u00c9COLE \u0153uvre \u0141\u00f3d\u017a",
    (
        "\u043f\u0440\u0438\u0432\u0435\u0442 \u041c\u0438\u0440 \u0421\u0421\u0421\u0420 "
        "\u043d\u0435\u0442 \u0451"
    ),
    (
        "\u03ba\u03b1\u03bb\u03b7\u03bc\u03ad\u03c1\u03b1 \u039a\u0391\u039b\u0397 "
        "\u1f04\u03bd\u03b8\u03c1\u03c9\u03c0\u03bf\u03c2"
    ),
    (
        "\u4f60\u597d \u4e16\u754c \u8bf7\u8003\u8bd5\u6211\u7684\u8f6f\u4ef6 \u9fa5 "
        "\u9fa6 \u3400 \U00020000\U0002a6df"
    ),
    (
        "\u3053\u3093\u306b\u3061\u306f \u30ab\u30bf\u30ab\u30ca \u65e5\u672c\u8a9e\u306e "
        "\u30fc\u30fb \u3099\u309b \uff76\uff85"
    ),
    "\uc548\ub155\ud558\uc138\uc694 \uc138\uacc4 \u1112\u1161\u11ab \u3131",
    (
        "\u0645\u0631\u062d\u0628\u0627 \u0627\u0644\u0639\u0627\u0644\u0645 "
        "\u0643\u0640\u062a \u0623\u064e\u0647\u0652"
    ),
    "\u05e9\u05dc\u05d5\u05dd \u05e9\u05c1\u05b8\u05dc \u05f4",
    (
        "\u0928\u092e\u0938\u094d\u0924\u0947 \u0926\u0941\u0928\u093f\u092f\u093e "
        "\u0915\u094d\u200d\u0937"
    ),
    (
        "\u0ba8\u0b9f\u0bbf\u0b95\u0bb0\u0bcd \u0b9a\u0bc2\u0bb0\u0bcd\u0baf\u0bbe "
        "\u0e2a\u0e27\u0e31\u0e2a\u0e14\u0e35"
    ),
    "\U00010400\U00010428 \U0001d400\U0001d41a \U00016f00 \U0001e922",
)
WORDS = [_words(script) for script in SCRIPTS]
EMOJI = (
    "\U0001f44d",
    "\U0001f44d\U0001f3fd",
    "\U0001f468\u200d\U0001f469\u200d\U0001f467\u200d\U0001f466",
    "\u2764\ufe0f\u200d\U0001f525",
    "\U0001f1e9\U0001f1ea",
    "1\ufe0f\u20e3",
    "\u263a",
    "\U0001f3f4\U000e0067\U000e0062\U000e007f",
)
UNASSIGNED = (
    "\u0378\u0379\u0380\u05ff\u0e3f\u0e5c\u2065\u2fff\ufff0\uffff\ufdd0\U0001ffff\U0003ffff"
    "\U00050000\U000e0fff\U0010ffff\U00011de9\U0002fa1e\U000323b0\U00016100"
)
PRIVATE = "\ue000\uf8ff\U000f0000\U00100000"
CONTROLS = "\x00\x01\x07\x08\x0e\x1b\x7f\x80\x84\x86\x9f"
PUNCTUATION = (
    "!\"#$%&'()*+,-./:;<=>?@[\\]^_`{|}~\u00a1\u00ab\u00b7\u2014\u2018\u201c\u2026\u20ac\u2192\u2211\u3001\u3002"
    "\u300c\uff01\uff5c\u2581\u0964\u055a\ufffd\u00a9\u02c6\u1fbd\U00010100\U0001f000"
)
SPECIALS = (
    "<|endoftext|>",
    "<|endofprompt|>",
    "<|fim_prefix|>",
    "<|fim_middle|>",
    "<|fim_suffix|>",
    "<|startoftext|>",
    "<|start|>",
    "<|end|>",
    "<|message|>",
    "<|return|>",
    "<|reserved_200018|>",
    "<|reserved_201087|>",
    "<\uff5cbegin\u2581of\u2581sentence\uff5c>",
    "<\uff5cend\u2581of\u2581sentence\uff5c>",
    "<\uff5cUser\uff5c>",
    "<\uff5cplace\u2581holder\u2581no\u25811\uff5c>",
    "<\uff5cplace\u2581holder\u2581no\u258112\uff5c>",
    "<|EOT|>",
    "<think>",
    "</think>",
    "\uff5cDSML\uff5c",
    "<\uff5c/table>\uff5c",
    "</dsml:",
    "<dsml:",
)
# Every window an engine may read at once, and the block sizes of its stages.
EDGES = (16, 32, 64, 128, 512, 1024, 4096)
# Around the sizes at which a table of pieces or an algorithm changes.
SIZES = (1, 3, 7, 8, 14, 15, 16, 17, 30, 31, 32, 33, 63, 64, 65, 99, 100, 127, 128, 129, 254, 255)
BIG_SIZES = (256, 257, 258, 300, 511, 512, 513, 1000, 1025, 4095, 4096, 4097)

# One character of every class that some pattern tells apart, for the edges.
EVENTS: tuple[str, ...] = (
    *" \n\r\t'aAs19!/<|",
    *"\u00e9\u00c9\u00a0\u0085\u017f\u01c5\u02b0\u0301\u0663\u2019\u2003\u2028\u3000\u4e2d\u3042\u30a2\uac00",
    *"\uff5c\ufffd\u200d\u0378\U0001f44d\U00020000\U0001d7d8\U00010400\U0010ffff",
    "'s",
    "'LL",
    "'\u017f",
    "\r\n",
    " \n",
    "  ",
    "   a",
    "1234",
    "!\n",
    "\n/",
    "<|endoftext|>",
    "\u4e2d\u6587",
    "e\u0301",
    " \u3000",
    "\U0001f468\u200d\U0001f469",
)
FILLERS: tuple[str, ...] = (*"aA \n0!'", "aB", "ab ", "x1", "\u00e9", "\u4e2d", "the cat ", "\xa0")
BASE64 = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"
WORD_LETTERS = BASE64[:52]
# For `words`: the classes that the patterns of a family tell apart.
ALPHABETS: dict[str, tuple[str, ...]] = {
    "r50k_base": ("a", "s", "1", " ", "\n", "'", "!", "\u3000", "\u0301"),
    "p50k_base": (*"as1 \n\t'!", "\u3000"),
    "cl100k_base": ("a", "s", "1", " ", "\n", "\r", "'", "!", "\xa0", "\u0301"),
    "o200k_base": ("a", "A", "s", "1", " ", "\n", "'", "/", "\u3000", "\u0301", "\u4e2d"),
    "deepseek_v3": tuple("a1 \n'\u20ac\x01\u3000\u0301\u4e2d\u00e9"),
}
