# Special tokens, as Python hands them over.

cdef class CompiledSpecialSet:
    """Special tokens sorted by their bytes, with the beginnings to look for."""

    cdef Specials set
    cdef object data        # keeps the bytes
    cdef list names
    cdef Py_ssize_t longest # bytes
    cdef uint64_t n_ids     # above all ids
    cdef Met met

    def __init__(self, tokens):
        pairs = sorted((name.encode("utf-8", "surrogatepass"), token, name) for name, token in tokens.items())
        self.names = [name for _, _, name in pairs]
        starts = {}
        for raw, _, _ in pairs:
            starts[raw[:2]] = None
            if len(raw) == 1:
                self.set.one_byte = True
        if self.set.one_byte:
            starts = {raw[:1]: None for raw in starts}
        first = bytes(raw[0] for raw in starts)
        second = bytes(raw[1] for raw in starts) if not self.set.one_byte else first
        blob = b"".join(raw for raw, _, _ in pairs)
        self.data = (blob, first + second)
        self.set.n = len(pairs)
        self.longest = max((len(raw) for raw, _, _ in pairs), default=0)
        self.set.bytes = <uint8_t*>PyBytes_AS_STRING(self.data[0])
        self.set.starts = <uint8_t*>PyBytes_AS_STRING(self.data[1])
        self.set.n_starts = len(first)
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
        if not PyUnicode_Check(text):
            raise TypeError("text must be a str")
        if not (in_stretches(text, &self.met) and first_in_stretches(
            &self.set, self.longest, PyUnicode_KIND(text), PyUnicode_DATA(text), PyUnicode_GET_LENGTH(text), &which
        )):
            p = <const uint8_t*>PyUnicode_AsUTF8AndSize(text, &n)
            next_special(&self.set, p, p + n, &which)
        return None if which < 0 else self.names[which]
