# Ids to bytes.

cdef extern from *:
    """
    #include "simd.h"
    /* The value of an int of one digit, and -1 for everything else. */
    static inline long long bpe_small_int(PyObject *o) {
        if (BPE_UNLIKELY(!PyLong_CheckExact(o))) return -1;
    #if PY_VERSION_HEX >= 0x030C0000
        return PyUnstable_Long_IsCompact((PyLongObject *)o) ? (long long)PyUnstable_Long_CompactValue((PyLongObject *)o) : -1;
    #else
        if (BPE_UNLIKELY(Py_SIZE(o) != 1)) return Py_SIZE(o) == 0 ? 0 : -1;
        return (long long)((PyLongObject *)o)->ob_digit[0];
    #endif
    }
    """
    long long small_int "bpe_small_int"(PyObject*)

cdef struct Decoder:
    const Vocab* vocab
    uint32_t n_direct       # an id below is its own index; 0 if ids have gaps
    uint32_t n_specials
    uint32_t* special_ids   # sorted; their bytes stand behind those of the tokens


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


cdef inline uint32_t find_direct(const uint32_t* offsets, uint32_t n_direct, int64_t token, uint32_t* start) noexcept nogil:
    """Where the bytes of an id stand among those of all tokens, and how many; 0: look further."""
    if <uint64_t>token >= n_direct:
        return 0
    start[0] = offsets[token]
    return offsets[token + 1] - offsets[token]


cdef bint find_bytes(const Decoder* d, uint32_t token, uint32_t* start, uint32_t* length) noexcept nogil:
    """The same of special tokens too, and where ids have gaps; False if the id has no bytes."""
    cdef const Vocab* v = d.vocab
    cdef uint32_t i
    length[0] = find_direct(v.offsets, d.n_direct, token, start)
    if length[0]:
        return True
    i = NO_TOKEN if v.ids == NULL else search(v.ids, v.n, token)
    if i == NO_TOKEN:
        i = search(d.special_ids, d.n_specials, token)
        if i == NO_TOKEN:
            return False
        i += v.n
    start[0] = v.offsets[i]
    length[0] = v.offsets[i + 1] - v.offsets[i]
    return True


cdef extern from "Python.h":
    PyObject* new_bytes "PyBytes_FromStringAndSize"(const char*, Py_ssize_t) except NULL
    char* start_of "PyBytes_AS_STRING"(PyObject*)
    void drop "Py_XDECREF"(PyObject*) noexcept

cdef enum:
    AT_ONCE = 64   # ids
    AFTER = 16     # bytes that may be written behind a token

# Bytes that are being joined: in an object of bytes that is longer than they are, by AFTER or more.
cdef struct Out:
    PyObject* data
    size_t size
    size_t room


cdef bytes decode_ids(const Decoder* d, tokens):
    """The joined bytes of a list, a tuple, a buffer of integers or any other iterable of ids."""
    cdef Out out
    memset(&out, 0, sizeof(out))
    try:
        append_tokens(&out, d, tokens)
        if out.data == NULL:
            return b""
        _PyBytes_Resize(&out.data, out.size)
        return <bytes>out.data
    finally:
        drop(out.data)


cdef str decode_text(const Decoder* d, tokens, errors):
    """The same as text."""
    cdef Out out
    memset(&out, 0, sizeof(out))
    try:
        append_tokens(&out, d, tokens)
        if out.data == NULL:
            return ""
        return text_of(<const uint8_t*>start_of(out.data), out.size, errors)
    finally:
        drop(out.data)


cdef int append_tokens(Out* out, const Decoder* d, tokens) except -1:
    """Append the bytes of ids in whatever form."""
    cdef Py_buffer buffer
    if type(tokens) is not list and type(tokens) is not tuple:  # a subclass may say anything
        if PyObject_CheckBuffer(tokens):
            try:
                PyObject_GetBuffer(tokens, &buffer, PyBUF_FORMAT | PyBUF_STRIDES)
            except (ValueError, BufferError):
                return append_sequence(out, d, list(tokens))
            try:
                if buffer.ndim != 1:
                    raise TokenTypeError(f"ids must have one dimension, not {buffer.ndim}", value=tokens)
                kind = integer_kind(buffer.format)
                if kind:
                    return append_buffer(out, d, &buffer, kind)
            finally:
                PyBuffer_Release(&buffer)
            # Another machine's layout, or no integers: as the reference core reads it.
            tokens = __import__("python", globals(), None, ("integers",), 1).integers(tokens)
        tokens = list(tokens)
    elif FREE_THREADED:  # another thread may change the list
        tokens = tuple(tokens)
    return append_sequence(out, d, tokens)


# Where the bytes of AT_ONCE ids stand is found out first, and then they are copied: so memory is
# waited for once for all of them, which is 10 to 25 % faster than one id after the other.

cdef struct Block:
    Py_ssize_t n
    size_t total               # bytes
    uint32_t starts[AT_ONCE]
    uint32_t lengths[AT_ONCE]


cdef int append_sequence(Out* out, const Decoder* d, tokens) except -1:
    """Append the bytes of the ids in a list or tuple."""
    cdef Block block
    cdef Py_ssize_t n = len(tokens)
    cdef Py_ssize_t done = 0
    cdef PyObject** items = items_of(tokens)
    cdef long long value
    while done < n:
        find_plain(&block, d, items + done, n - done)
        done += block.n
        if done < n and block.n < AT_ONCE:
            value = small_int(items[done])
            if value < 0:
                token = <object>items[done]
                if not PyLong_CheckExact(token) and type(tokens) is list:
                    tokens = tuple(tokens)  # its __index__ may change the list
                    items = items_of(tokens)
                value = as_id(token)
            find_other(&block, d, <uint32_t>value, done)
            done += 1
        append_block(out, &block, d.vocab.bytes, n - done)
    return 0


# These two are functions of their own for their variables to stay in registers.

cdef void find_plain(Block* block, const Decoder* d, PyObject** items, Py_ssize_t n) noexcept:
    """Find the bytes of the first of n ids, up to one that is not plain."""
    cdef const uint32_t* offsets = d.vocab.offsets
    cdef uint32_t n_direct = d.n_direct
    cdef size_t total = 0
    cdef Py_ssize_t count = min(n, AT_ONCE)
    cdef Py_ssize_t i = 0
    cdef uint32_t length
    while i < count:
        if i + AT_ONCE < n:  # an int that is asked for now is there when its turn comes: 5 to 20 %
            bpe_prefetch(items[i + AT_ONCE])
        length = find_direct(offsets, n_direct, small_int(items[i]), &block.starts[i])
        if length == 0:
            break
        block.lengths[i] = length
        total += length
        i += 1
    block.n = i
    block.total = total


cdef void find_numbers(
    Block* block, const Decoder* d, const uint8_t* p, Py_ssize_t stride, Py_ssize_t size, bint signed, Py_ssize_t n
) noexcept nogil:
    """The same for native integers."""
    cdef const uint32_t* offsets = d.vocab.offsets
    cdef uint32_t n_direct = d.n_direct
    cdef size_t total = 0
    cdef Py_ssize_t count = min(n, AT_ONCE)
    cdef Py_ssize_t i = 0
    cdef uint32_t length
    while i < count:
        length = find_direct(offsets, n_direct, read_integer(p, size, signed), &block.starts[i])
        if length == 0:
            break
        block.lengths[i] = length
        total += length
        p += stride
        i += 1
    block.n = i
    block.total = total


cdef int find_other(Block* block, const Decoder* d, uint32_t token, Py_ssize_t index) except -1:
    """Put one more id into a block; `index` is its place for who is told that it is unknown."""
    if not find_bytes(d, token, &block.starts[block.n], &block.lengths[block.n]):
        raise UnknownTokenError(f"no token has the id {token}, at index {index}", token=token, index=index)
    block.total += block.lengths[block.n]
    block.n += 1
    return 0


cdef int append_block(Out* out, const Block* block, const uint8_t* bytes, size_t left) except -1:
    """Append the bytes of a block; `left` ids are still to come."""
    cdef uint8_t* to
    cdef Py_ssize_t i
    if out.size + block.total + AFTER > out.room:
        grow(out, block.total, left)
    to = <uint8_t*>start_of(out.data) + out.size
    for i in range(block.n):
        if block.lengths[i] <= AFTER:  # nearly always; what is written too much is overwritten
            bpe_copy16(to, bytes + block.starts[i])
        else:
            memcpy(to, bytes + block.starts[i], block.lengths[i])
        to += block.lengths[i]
    out.size += block.total
    return 0


cdef int grow(Out* out, size_t n, size_t left) except -1:
    """Room for n bytes, and for so many ids of 4 bytes, or half as much again as there is."""
    out.room = out.size + n + max(out.size // 2, 4 * left) + AFTER
    if out.data == NULL:
        out.data = new_bytes(NULL, out.room)
    else:
        _PyBytes_Resize(&out.data, out.room)
    return 0


cdef inline uint32_t as_id(token) except? 0xFFFFFFFF:
    """The id that an int, or what has `__index__`, stands for; TypeError or OverflowError if none."""
    cdef long long value
    if not PyLong_CheckExact(token):
        token = PyNumber_Index(token)
    value = PyLong_AsLongLong(token)
    if value < 0 or value > 0xFFFFFFFF:
        raise OverflowError("a token id is below 0 or above 2**32 - 1")
    return <uint32_t>value


cdef int integer_kind(const char* format) noexcept:
    """The format of native integers as its letter, or 0."""
    cdef char c
    if format == NULL:
        return c"B"
    c = format[0]
    if c == c"@" or c == c"=":
        c = format[1]
        return c if format[1] and format[2] == 0 and c in b"bBhHiIlLqQnN" and (format[0] == c"@" or c not in b"lLnN") else 0
    return c if c and format[1] == 0 and c in b"bBhHiIlLqQnN" else 0


cdef int append_buffer(Out* out, const Decoder* d, Py_buffer* buffer, int kind) except -1:
    """Append the bytes of the ids in a buffer of native integers."""
    cdef Block block
    cdef Py_ssize_t n = buffer.shape[0]
    cdef Py_ssize_t stride = buffer.strides[0]
    cdef Py_ssize_t size = buffer.itemsize
    cdef const uint8_t* p = <const uint8_t*>buffer.buf
    cdef bint signed = kind in b"bhilqn"
    cdef Py_ssize_t done = 0
    cdef int64_t value
    while done < n:
        find_numbers(&block, d, p + done * stride, stride, size, signed, n - done)
        done += block.n
        if done < n and block.n < AT_ONCE:
            value = read_integer(p + done * stride, size, signed)
            if value < 0 or value > 0xFFFFFFFF:
                raise OverflowError(f"a token id is below 0 or above 2**32 - 1, at index {done}")
            find_other(&block, d, <uint32_t>value, done)
            done += 1
        append_block(out, &block, d.vocab.bytes, n - done)
    return 0


cdef inline int64_t read_integer(const uint8_t* p, Py_ssize_t size, bint signed) noexcept nogil:
    """A native integer; -1 also for one above the signed range."""
    # Each width with its sign or without: cast before choosing, or C would choose one for both.
    cdef int8_t a
    cdef int16_t b
    cdef int32_t c
    cdef int64_t e
    if size == 8:
        memcpy(&e, p, 8)
        return e
    if size == 4:
        memcpy(&c, p, 4)
        return <int64_t>c if signed else <int64_t><uint32_t>c
    if size == 2:
        memcpy(&b, p, 2)
        return <int64_t>b if signed else <int64_t><uint16_t>b
    a = <int8_t>p[0]
    return <int64_t>a if signed else <int64_t><uint8_t>a
