# The class of each code point, from the bundled table of Unicode 16, and the fastest way to
# classify 64 bytes.  Both are found once, when the module is imported.

cdef ClassTable CLASSES
cdef bpe_classify classify
cdef bpe_write_bits_fn write_bits
cdef bytes class_data  # keeps CLASSES alive
cdef bpe_classify[5] variants
cdef list names = []


def classifications():
    """The ways to classify text that run on this machine, the fastest one last."""
    return [*names]


def use_classification(name):
    """Use one of them from now on: the tests compare their ids."""
    global classify
    classify = variants[names.index(name)]


cdef int _open_module() except -1:
    """The class table and the fastest classification; once, at import."""
    global classify, class_data, write_bits
    cdef int n = bpe_classify_variants(variants)
    cdef int i
    classify = variants[n - 1]
    write_bits = bpe_best_write_bits()
    for i in range(n):
        names.append(variants[i].name.decode())
    # Categories to classes, in the order in which the data file numbers them.
    order = unicode.CATEGORIES.split()
    by_letter = {"C": REST, "Z": REST, "M": MARK, "N": NUMBER, "P": PUNCT, "S": PUNCT}
    by_category = {"Lu": UPPER, "Lt": UPPER, "Ll": LOWER, "Lm": OTHER, "Lo": OTHER}
    to_class = bytes(by_category.get(c, by_letter.get(c[0], REST)) for c in order).ljust(256, b"\0")
    raw = read_data("unicode16.bin")
    blocks = bytearray(raw[:0x1100])
    classes = bytearray(raw[0x1100:].translate(to_class))
    white = [code for first, last in unicode.WHITE_SPACE for code in range(first, last + 1)]
    kana = {OTHER: KANA_HAN, PUNCT: KANA_PUNCT, MARK: KANA_ODD, REST: KANA_ODD}
    own = {}
    def put(code, value):
        block = code >> 8
        if block not in own:  # a block may be shared: change a copy
            own[block] = len(classes) >> 8
            classes.extend(classes[blocks[block] << 8:(blocks[block] << 8) + 256])
            blocks[block] = own[block]
        at = blocks[block] << 8 | code & 255
        classes[at] = value(classes[at]) if callable(value) else value
    for code in white:
        put(code, BLANK)
    put(10, NEWLINE)
    put(13, NEWLINE)
    for code in range(0x3040, 0x3100):
        put(code, kana.get)
    for code in range(0x9F00, 0x9FA6):
        put(code, kana.get)
    han = len(classes) >> 8
    classes.extend(bytes([KANA_HAN]) * 256)
    for block in range(0x4E, 0x9F):  # all of U+4E00-9EFF are letters
        blocks[block] = han
    class_data = bytes(blocks) + bytes(classes)
    CLASSES.blocks = <const uint8_t*>PyBytes_AS_STRING(class_data)
    CLASSES.classes = CLASSES.blocks + 0x1100
    return 0


_open_module()
