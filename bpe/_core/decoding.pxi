# Ids to bytes.

cdef struct Decoder:
    const Vocab* vocab
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


cdef inline uint32_t index_of(const Decoder* d, uint32_t token) noexcept nogil:
    """Where the bytes of an id stand, or NO_TOKEN."""
    cdef const Vocab* v = d.vocab
    cdef uint32_t i
    if v.ids == NULL:
        if token < v.n and v.offsets[token + 1] > v.offsets[token]:
            return token
    else:
        i = search(v.ids, v.n, token)
        if i != NO_TOKEN:
            return i
    i = search(d.special_ids, d.n_specials, token)
    return i if i == NO_TOKEN else v.n + i


cdef bytes decode_ids(const Decoder* d, tokens):
    """The joined bytes of a list, a tuple, a buffer of integers or any other iterable of ids."""
    cdef Py_buffer buffer
    cdef Py_ssize_t n, i
    cdef PyObject* item
    cdef long long value
    cdef Out out
    memset(&out, 0, sizeof(out))
    if type(tokens) is not list and type(tokens) is not tuple:  # a subclass may say anything
        if PyObject_CheckBuffer(tokens):
            try:
                PyObject_GetBuffer(tokens, &buffer, PyBUF_FORMAT | PyBUF_STRIDES)
            except (ValueError, BufferError):
                return decode_ids(d, list(tokens))
            try:
                if buffer.ndim != 1:
                    raise TokenTypeError(f"ids must have one dimension, not {buffer.ndim}", value=tokens)
                kind = integer_kind(buffer.format)
                if kind:
                    return decode_buffer(d, &buffer, kind)
            finally:
                PyBuffer_Release(&buffer)
            # Another machine's layout, or no integers: as the reference core reads it.
            tokens = __import__("python", globals(), None, ("integers",), 1).integers(tokens)
        tokens = list(tokens)
    elif FREE_THREADED:  # another thread may change the list
        tokens = tuple(tokens)
    n = len(tokens)
    try:
        for i in range(n):
            item = item_of(tokens, i)
            value = small_int(item)
            if value < 0:
                token = <object>item
                if not PyLong_CheckExact(token) and type(tokens) is list:
                    tokens = tuple(tokens)  # its __index__ may change the list
                    n = len(tokens)
                value = as_id(token)
            if not append_bytes(&out, d, <uint32_t>value):
                raise unknown(tokens[i], i)
        return PyBytes_FromStringAndSize(<char*>out.start, out.size)
    finally:
        free(out.start)


# Decoded bytes.
cdef struct Out:
    uint8_t* start
    size_t size
    size_t room


cdef inline bint append_bytes(Out* out, const Decoder* d, uint32_t token) except -1:
    """Append the bytes of an id; False if it has none."""
    cdef const Vocab* v = d.vocab
    cdef uint32_t at = index_of(d, token)
    cdef size_t length
    cdef size_t room
    cdef void* more
    if at == NO_TOKEN:
        return False
    length = v.offsets[at + 1] - v.offsets[at]
    if out.size + length + 16 > out.room:
        room = (out.size + length + 256) * 2
        more = realloc(out.start, room)
        if more == NULL:
            raise MemoryError
        out.start = <uint8_t*>more
        out.room = room
    if length <= 16:  # nearly always; what is written too much is overwritten
        bpe_copy16(out.start + out.size, v.bytes + v.offsets[at])
    else:
        memcpy(out.start + out.size, v.bytes + v.offsets[at], length)
    out.size += length
    return True


cdef unknown(token, Py_ssize_t i):
    return UnknownTokenError(f"no token has the id {token}, at index {i}", token=int(token), index=i)


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


cdef bytes decode_buffer(const Decoder* d, Py_buffer* buffer, int kind):
    cdef Py_ssize_t n = buffer.shape[0]
    cdef Py_ssize_t stride = buffer.strides[0]
    cdef const uint8_t* p = <const uint8_t*>buffer.buf
    cdef bint signed = kind in b"bhilqn"
    cdef Py_ssize_t i
    cdef int64_t value
    cdef Out out
    memset(&out, 0, sizeof(out))
    try:
        for i in range(n):
            value = read_integer(p + i * stride, buffer.itemsize, signed)
            if value < 0 or value > 0xFFFFFFFF:
                raise OverflowError(f"a token id is below 0 or above 2**32 - 1, at index {i}")
            if not append_bytes(&out, d, <uint32_t>value):
                raise unknown(value, i)
        return PyBytes_FromStringAndSize(<char*>out.start, out.size)
    finally:
        free(out.start)


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
