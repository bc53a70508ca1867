# The compiled core: Python objects at the edge of the engine, which knows none.

from cpython.buffer cimport PyBUF_FORMAT, PyBUF_STRIDES, PyBuffer_Release, PyObject_CheckBuffer, PyObject_GetBuffer
from cpython.bytearray cimport PyByteArray_AS_STRING, PyByteArray_FromStringAndSize
from cpython.bytes cimport PyBytes_AS_STRING, PyBytes_FromStringAndSize, PyBytes_GET_SIZE
from cpython.list cimport PyList_GET_ITEM, PyList_GET_SIZE, PyList_New, PyList_SET_ITEM
from cpython.object cimport PyObject
from cpython.ref cimport Py_INCREF
from libc.stdint cimport int8_t, int16_t, int32_t, int64_t, uint8_t, uint16_t, uint32_t, uint64_t
from libc.stdlib cimport calloc, free, malloc, realloc
from libc.string cimport memcpy, memset

from .cache cimport SHORT_BITS, bpe_copy16, close_cache, open_cache
from .chars cimport (
    BLANK, KANA_HAN, KANA_ODD, KANA_PUNCT, LOWER, MARK, NEWLINE, NUMBER, OTHER, PUNCT, REST, UPPER, ClassTable,
)
from .engine cimport Work, emit_merged, encode_block, reserve
from .joints cimport Joints, make_joints
from .scan cimport CL100K, DEEPSEEK, GPT2, NO_FAMILY, O200K, Scanner, scan, scan_piece
from .special cimport Specials, longest_at, next_special
from .vocab cimport (
    PADDING, NO_TOKEN, RANK_BITS, NO_RANK, TOKEN_BITS, Vocab, add_pair, alloc_pairs, expand_pairs, find_token, free_vocab, hash_bytes,
    index_byte_pairs, index_tokens, pair_all_splits,
)
from .window cimport bpe_classify_fn, bpe_classify_variants

# Not `from ..errors import`: Cython looks that up as "bpe.errors", the name at the time of the build,
# so that a vendored copy would take the modules of an installed bpe that was imported before.
errors = __import__("errors", globals(), None, ("UnknownTokenError",), 2)
patterns = __import__("patterns", globals(), None, ("split",), 1)
read_data = __import__("_data", globals(), None, ("read_data",), 2).read_data
UnknownTokenError, VocabularyError = errors.UnknownTokenError, errors.VocabularyError

cdef extern from "Python.h":
    const char* PyUnicode_AsUTF8AndSize(object, Py_ssize_t*) except NULL
    int PyUnicode_Check(object)
    object PyLong_FromUnsignedLong(unsigned long)


cdef ClassTable CLASSES
cdef bpe_classify_fn classify
cdef bytes class_data  # keeps CLASSES alive
cdef dict variants = {}


cdef int _open_module() except -1:
    """The class table and the fastest classification; once, at import."""
    global classify, class_data
    cdef bpe_classify_fn fns[4]
    cdef const char* names[4]
    cdef int n = bpe_classify_variants(fns, names)
    cdef int i
    classify = fns[n - 1]
    for i in range(n):
        variants[names[i].decode()] = <size_t>fns[i]
    # Categories to classes, in the order in which the data file numbers them.
    order = "Cn Lu Ll Lt Lm Lo Mn Mc Me Nd Nl No Pc Pd Ps Pe Pi Pf Po Sm Sc Sk So Zs Zl Zp Cc Cf Cs Co".split()
    by_letter = {"C": REST, "Z": REST, "M": MARK, "N": NUMBER, "P": PUNCT, "S": PUNCT}
    by_category = {"Lu": UPPER, "Lt": UPPER, "Ll": LOWER, "Lm": OTHER, "Lo": OTHER}
    to_class = bytes(by_category.get(c, by_letter.get(c[0], REST)) for c in order).ljust(256, b"\0")
    raw = read_data("unicode16.bin")
    blocks = bytearray(raw[:0x1100])
    classes = bytearray(raw[0x1100:].translate(to_class))
    white = [*range(9, 14), 0x20, 0x85, 0xA0, 0x1680, *range(0x2000, 0x200B), 0x2028, 0x2029, 0x202F, 0x205F, 0x3000]
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
    table = classes
    for block in range(0x4E, 0xA0):  # U+4E00-9FA5: letters, in a block of their own
        if block == 0x9F:
            for code in range(0x9F00, 0x9FA6):
                put(code, kana.get)
    blocks_han = len(classes) >> 8
    classes.extend(bytes([KANA_HAN]) * 256)
    for block in range(0x4E, 0x9F):
        blocks[block] = blocks_han
    class_data = bytes(blocks) + bytes(classes)
    CLASSES.blocks = <const uint8_t*>PyBytes_AS_STRING(class_data)
    CLASSES.classes = CLASSES.blocks + 0x1100
    return 0


_open_module()


cdef class Workspace:
    """What one call needs for itself; taken from the core's pool and given back."""

    cdef Work* work

    def __cinit__(self):
        self.work = <Work*>calloc(1, sizeof(Work))
        if self.work == NULL or open_cache(&self.work.cache, SHORT_BITS) < 0:
            raise MemoryError

    def __dealloc__(self):
        if self.work != NULL:
            close_cache(&self.work.cache)
            free(self.work.ids)
            free(self.work)


cdef class CompiledSpecialSet:
    """Special tokens sorted by their bytes, with the beginnings to look for."""

    cdef Specials set
    cdef object data        # keeps the bytes
    cdef list names

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
        self.set.bytes = <uint8_t*>PyBytes_AS_STRING(self.data[0])
        self.set.starts = <uint8_t*>PyBytes_AS_STRING(self.data[1])
        self.set.n_starts = len(first)
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
        p = <const uint8_t*>PyUnicode_AsUTF8AndSize(text, &n)
        next_special(&self.set, p, p + n, &which)
        return None if which < 0 else self.names[which]


cdef class CompiledCore:
    """The engine over the tables of one vocabulary."""

    cdef Vocab vocab
    cdef Joints* joints
    cdef object vocabulary
    cdef int family
    cdef list pool                   # workspaces that no call uses
    cdef uint32_t n_specials
    cdef uint32_t* special_ids       # sorted; their bytes stand behind the tokens'
    cdef PyObject** numbers          # id -> int, made when first met; NULL beyond n_numbers
    cdef uint32_t n_numbers
    cdef object __weakref__

    def __init__(self, vocabulary):
        self.vocabulary = vocabulary
        self.pool = []
        self.family = {
            patterns.GPT2: GPT2, patterns.CL100K: CL100K, patterns.O200K: O200K, patterns.DEEPSEEK: DEEPSEEK,
        }.get(vocabulary.pattern, NO_FAMILY)
        if (self.family == DEEPSEEK) != bool(vocabulary.keep_unmatched):
            self.family = NO_FAMILY if self.family == DEEPSEEK else self.family
        if vocabulary.pairs is not None:
            self._expand(vocabulary.pairs)
        else:
            self._index(vocabulary)
        self.joints = make_joints(&self.vocab)
        if index_byte_pairs(&self.vocab) < 0 or self.joints == NULL:
            raise MemoryError
        self._add_specials(vocabulary.special_tokens)
        if self.family == NO_FAMILY:
            patterns.check(vocabulary.pattern)

    cdef int _check(self, int code) except -1:
        if code == -1:
            raise MemoryError
        if code < 0:
            raise VocabularyError("the table of merges is corrupt")
        return 0

    cdef int _expand(self, bytes pairs) except -1:
        self.vocab.whole_first = True  # equal to merging, and faster
        if len(pairs) % 8 or len(pairs) // 8 >= (1 << TOKEN_BITS) - 1:
            raise VocabularyError("the table of merges is corrupt")
        self._check(expand_pairs(&self.vocab, <const uint8_t*>PyBytes_AS_STRING(pairs), <uint32_t>(len(pairs) // 8)))
        return 0

    cdef int _index(self, vocabulary) except -1:
        """Tables from ranks, and merges if they are listed."""
        cdef uint32_t i = 0
        cdef Vocab* v = &self.vocab
        ranks = vocabulary.ranks
        tokens = sorted(ranks, key=ranks.__getitem__)
        blob = b"".join(tokens)
        if len(tokens) >= (1 << TOKEN_BITS) - 1 or len(blob) > 0x7FFFFFFF:
            raise VocabularyError(f"{len(tokens)} tokens are more than the compiled core can hold")
        v.n = len(tokens)
        v.bytes = <uint8_t*>calloc(len(blob) + PADDING, 1)
        v.offsets = <uint32_t*>malloc((<size_t>v.n + 1) * 4)
        v.ids = <uint32_t*>malloc((<size_t>v.n + 1) * 4)
        if v.bytes == NULL or v.offsets == NULL or v.ids == NULL:
            raise MemoryError
        memcpy(v.bytes, PyBytes_AS_STRING(blob), len(blob))
        memset(v.single, 0xFF, sizeof(v.single))
        v.offsets[0] = 0
        for token in tokens:
            v.offsets[i + 1] = v.offsets[i] + <uint32_t>len(token)
            v.ids[i] = ranks[token]
            if len(token) == 1:
                v.single[<uint8_t>token[0]] = i
            i += 1
        for i in range(256):
            if v.single[i] == NO_TOKEN:
                raise VocabularyError(f"the byte 0x{i:02x} is no token: some text could not be encoded")
        self._check(index_tokens(v))
        if v.ids[v.n - 1] == v.n - 1:  # no gaps
            free(v.ids)
            v.ids = NULL
        if vocabulary.merges is None:
            v.whole_first = True
            self._check(pair_all_splits(v))
        else:
            v.whole_first = vocabulary.ignore_merges
            self._list_merges(vocabulary.merges, {token: index for index, token in enumerate(tokens)})
        return 0

    cdef int _list_merges(self, merges, index) except -1:
        cdef Vocab* v = &self.vocab
        cdef uint32_t rank = 0
        if len(merges) >= NO_RANK:
            raise VocabularyError(f"{len(merges)} merges are more than the compiled core can hold")
        v.results = <uint32_t*>malloc(len(merges) * 4 + 4)
        if v.results == NULL:
            raise MemoryError
        self._check(alloc_pairs(v, len(merges)))
        for left, right in merges:
            try:
                v.results[rank] = index[left + right]
                add_pair(v, index[left], index[right], rank)
            except KeyError:
                raise VocabularyError(f"the merge of {left!r} and {right!r} is of or to no token") from None
            rank += 1
        return 0

    cdef int _add_specials(self, tokens) except -1:
        """Bytes of the special tokens behind those of the others, for decoding; the first name of an id wins."""
        cdef Vocab* v = &self.vocab
        cdef uint32_t i = 0
        cdef size_t size
        by_id = {}
        for name, token in tokens.items():
            by_id.setdefault(token, name.encode("utf-8", "surrogatepass"))
        blob = b"".join(by_id[token] for token in sorted(by_id))
        size = v.offsets[v.n]
        if size + len(blob) > 0x7FFFFFFF:
            raise VocabularyError("the special tokens are too long")
        raw = realloc(v.bytes, size + len(blob) + PADDING)
        if raw == NULL:
            raise MemoryError
        v.bytes = <uint8_t*>raw
        memcpy(v.bytes + size, PyBytes_AS_STRING(blob), len(blob))
        memset(v.bytes + size + len(blob), 0, PADDING)
        raw = realloc(v.offsets, (v.n + len(by_id) + 1) * 4)
        if raw == NULL:
            raise MemoryError
        v.offsets = <uint32_t*>raw
        self.special_ids = <uint32_t*>malloc(len(by_id) * 4 + 4)
        if self.special_ids == NULL:
            raise MemoryError
        for token in sorted(by_id):
            size += len(by_id[token])
            v.offsets[v.n + i + 1] = <uint32_t>size
            self.special_ids[i] = token
            i += 1
        self.n_specials = i
        top = max(by_id, default=0)
        if v.n:
            top = max(top, v.ids[v.n - 1] if v.ids != NULL else v.n - 1)
        self.n_numbers = min(top + 1, 1 << 22)
        self.numbers = <PyObject**>calloc(self.n_numbers, sizeof(PyObject*))
        if self.numbers == NULL:
            raise MemoryError
        return 0

    def __dealloc__(self):
        cdef uint32_t i
        if self.numbers != NULL:
            for i in range(self.n_numbers):
                if self.numbers[i] != NULL:
                    drop(self.numbers[i])
        free(self.numbers)
        free(self.special_ids)
        free(self.joints)
        free_vocab(&self.vocab)

    # ---- encoding

    cdef Workspace _take(self):
        try:
            return <Workspace>self.pool.pop()
        except IndexError:
            return Workspace()

    cdef Py_ssize_t _encode(self, Work* work, const uint8_t* p, Py_ssize_t n, const Specials* specials, bint count_only) noexcept nogil:
        """Ids into work.ids, their number as the result; -1: no memory."""
        cdef Scanner s
        cdef const uint8_t* end = p + n
        cdef int which = -1
        cdef Py_ssize_t total = 0
        s.classes = &CLASSES
        s.classify = classify
        s.family = self.family
        s.text = p
        work.n_ids = 0
        work.failed = False
        while True:
            s.end = next_special(specials, s.text, end, &which) if specials != NULL else end
            while encode_block(work, &self.vocab, self.joints, &s):
                if count_only:
                    total += work.n_ids
                    work.n_ids = 0
            if work.failed:
                return -1
            if which < 0:
                break
            if not reserve(work, 1):
                return -1
            work.ids[work.n_ids] = specials.ids[which]
            work.n_ids += 1
            s.text = s.end + (specials.offsets[which + 1] - specials.offsets[which])
        return total + work.n_ids

    cdef Py_ssize_t _run(self, Workspace w, text, specials, bint count_only) except -1:
        cdef Py_ssize_t n
        cdef const uint8_t* p
        cdef const Specials* found = NULL
        if not PyUnicode_Check(text):
            raise TypeError("text must be a str")
        if specials is not None and (<CompiledSpecialSet?>specials).set.n:
            found = &(<CompiledSpecialSet>specials).set
        if self.family == NO_FAMILY:
            return self._run_pattern(w, text, specials)
        p = <const uint8_t*>PyUnicode_AsUTF8AndSize(text, &n)
        if n < 2048:
            n = self._encode(w.work, p, n, found, count_only)
        else:
            with nogil:
                n = self._encode(w.work, p, n, found, count_only)
        if n < 0:
            raise MemoryError
        return n

    cdef Py_ssize_t _run_pattern(self, Workspace w, text, CompiledSpecialSet specials) except -1:
        """Pieces by a caller's own pattern, one after the other."""
        cdef Work* work = w.work
        cdef Py_ssize_t n
        cdef int which = -1
        cdef const uint8_t* raw
        cdef const uint8_t* p
        cdef const uint8_t* at
        cdef bytes part
        text = str.__str__(text)
        whole = text.encode()
        raw = <const uint8_t*>PyBytes_AS_STRING(whole)
        p = raw
        work.n_ids = 0
        work.failed = False
        while True:
            at = raw + PyBytes_GET_SIZE(whole)
            if specials is not None:
                at = next_special(&specials.set, p, at, &which)
            segment = whole[p - raw:at - raw].decode()
            for start, end in patterns.split(segment, self.vocabulary.pattern, self.vocabulary.keep_unmatched):
                part = segment[start:end].encode()
                n = PyBytes_GET_SIZE(part)
                if not reserve(work, n) or not emit_merged(work, &self.vocab, <const uint8_t*>PyBytes_AS_STRING(part), n):
                    raise MemoryError
            if which < 0:
                break
            if not reserve(work, 1):
                raise MemoryError
            work.ids[work.n_ids] = specials.set.ids[which]
            work.n_ids += 1
            p = at + (specials.set.offsets[which + 1] - specials.set.offsets[which])
        return work.n_ids

    cdef list _list(self, const uint32_t* ids, Py_ssize_t n):
        cdef list result = PyList_New(n)
        cdef Py_ssize_t i
        cdef uint32_t t
        cdef PyObject* number
        for i in range(n):
            t = ids[i]
            if t < self.n_numbers:
                number = self.numbers[t]
                if number == NULL:
                    value = PyLong_FromUnsignedLong(t)
                    Py_INCREF(value)
                    number = <PyObject*>value
                    self.numbers[t] = number
                keep(result, i, number)
            else:
                value = PyLong_FromUnsignedLong(t)
                Py_INCREF(value)
                PyList_SET_ITEM(result, i, value)
        return result

    def special_set(self, tokens):
        """Prepare special tokens (text -> id)."""
        return CompiledSpecialSet(tokens)

    def encode(self, text, specials=None):
        """Ids of text."""
        cdef Workspace w = self._take()
        cdef Py_ssize_t n
        try:
            n = self._run(w, text, specials, False)
            return self._list(w.work.ids, n)
        finally:
            self.pool.append(w)

    def encode_array(self, text, specials=None):
        """Ids of text, as native uint32."""
        cdef Workspace w = self._take()
        cdef Py_ssize_t n
        try:
            n = self._run(w, text, specials, False)
            return PyByteArray_FromStringAndSize(<char*>w.work.ids, n * 4)
        finally:
            self.pool.append(w)

    def count(self, text, specials=None):
        """The number of ids of text."""
        cdef Workspace w = self._take()
        try:
            return self._run(w, text, specials, True)
        finally:
            self.pool.append(w)

    def encode_batch(self, texts, specials=None, num_threads=0):
        """encode of each text."""
        return [self.encode(text, specials) for text in texts]

    def count_batch(self, texts, specials=None, num_threads=0):
        """count of each text."""
        return [self.count(text, specials) for text in texts]

    def encode_bytes(self, data):
        """Ids of any bytes; decoding gives them back."""
        raise NotImplementedError

    # ---- tokens

    def token_id(self, token):
        """The id of a mergeable token, by its bytes; None if there is none."""
        cdef bytes raw = token
        cdef const uint8_t* p = <const uint8_t*>PyBytes_AS_STRING(raw)
        cdef uint32_t t = find_token(&self.vocab, hash_bytes(p, len(raw)), p, len(raw))
        if t == NO_TOKEN:
            return None
        return t if self.vocab.ids == NULL else self.vocab.ids[t]

    cdef uint32_t _index_of(self, uint32_t token) noexcept nogil:
        """Where the bytes of an id stand, or NO_TOKEN."""
        cdef uint32_t i
        if self.vocab.ids == NULL:
            if token < self.vocab.n and self.vocab.offsets[token + 1] > self.vocab.offsets[token]:
                return token
        else:
            i = search(self.vocab.ids, self.vocab.n, token)
            if i != NO_TOKEN:
                return i
        i = search(self.special_ids, self.n_specials, token)
        return i if i == NO_TOKEN else self.vocab.n + i

    def token_bytes(self, token):
        """The bytes of an id, mergeable or special."""
        cdef uint32_t i = self._index_of(token)
        if i == NO_TOKEN:
            raise UnknownTokenError(f"no token has the id {token}", token=token)
        return PyBytes_FromStringAndSize(<char*>self.vocab.bytes + self.vocab.offsets[i], self.vocab.offsets[i + 1] - self.vocab.offsets[i])

    def decode(self, tokens):
        """The joined bytes of ids."""
        return b"".join([self.token_bytes(t) for t in tokens])


cdef inline uint32_t search(const uint32_t* ids, uint32_t n, uint32_t token) noexcept nogil:
    """The index of an id in a sorted table, or NO_TOKEN."""
    cdef uint32_t low = 0
    cdef uint32_t high = n
    cdef uint32_t middle
    while low < high:
        middle = (low + high) >> 1
        if ids[middle] < token:
            low = middle + 1
        else:
            high = middle
    return low if low < n and ids[low] == token else NO_TOKEN


cdef extern from *:
    """
    static inline void bpe_keep(PyObject *list, Py_ssize_t i, PyObject *o) { Py_INCREF(o); PyList_SET_ITEM(list, i, o); }
    """
    void keep "bpe_keep"(list, Py_ssize_t, PyObject*)
    void drop "Py_DECREF"(PyObject*)
