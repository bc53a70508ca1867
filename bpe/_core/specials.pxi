# Special tokens, as Python hands them over.

cdef class CompiledSpecialSet:
    """Special tokens sorted by their bytes, with the beginnings to look for."""

    cdef Specials set
    cdef object data        # keeps the bytes
    cdef list names
    cdef uint64_t n_ids     # above all ids

    def __init__(self, tokens):
        pairs = sorted((name.encode("utf-8", "surrogatepass"), token, name) for name, token in tokens.items())
        self.names = [name for _, _, name in pairs]
        # If some token is a single byte, the second bytes tell nothing.
        one_byte = any(len(raw) == 1 for raw, _, _ in pairs)
        starts = dict.fromkeys(raw[: 1 if one_byte else 2] for raw, _, _ in pairs)
        first = bytes(raw[0] for raw in starts)
        second = bytes(raw[len(raw) - 1] for raw in starts)
        blob = b"".join(raw for raw, _, _ in pairs)
        self.data = (blob, first + second)
        self.set.n = len(pairs)
        self.set.longest = max((len(raw) for raw, _, _ in pairs), default=0)
        self.set.bytes = <uint8_t*>PyBytes_AS_STRING(self.data[0])
        bpe_open_starts(&self.set.starts, <uint8_t*>PyBytes_AS_STRING(self.data[1]), len(first), one_byte)
        self.set.find_starts = bpe_best_find()
        self.set.offsets = <size_t*>malloc((len(pairs) + 1) * sizeof(size_t))
        self.set.ids = <uint32_t*>malloc((len(pairs) + 1) * 4)
        if self.set.offsets == NULL or self.set.ids == NULL:
            raise MemoryError
        at = 0
        self.set.offsets[0] = 0
        for i, (raw, token, _) in enumerate(pairs):
            at += len(raw)
            self.set.offsets[i + 1] = at
            self.set.ids[i] = token
        self.n_ids = max(tokens.values(), default=-1) + 1
        make_numbers_now(self.n_ids)

    def __dealloc__(self):
        free(self.set.offsets)
        free(self.set.ids)

    def first(self, text):
        """The first special token that occurs in text, or None."""
        cdef Py_ssize_t n
        cdef const uint8_t* p
        cdef int which
        cdef bytes written
        if not PyUnicode_Check(text):
            raise TypeError("text must be a str")
        make_ready(text)
        if PyUnicode_IS_ASCII(text):
            p = <const uint8_t*>PyUnicode_DATA(text)
            n = PyUnicode_GET_LENGTH(text)
        else:  # a copy, as the str would keep its own
            written = PyUnicode_AsUTF8String(text)
            p = <const uint8_t*>PyBytes_AS_STRING(written)
            n = PyBytes_GET_SIZE(written)
        next_special(&self.set, p, p + n, &which)
        return None if which < 0 else self.names[which]


cdef inline const Specials* set_of(CompiledSpecialSet specials) noexcept:
    """The set that a caller gave; NULL if it is None, or empty."""
    return NULL if specials is None or specials.set.n == 0 else &specials.set
