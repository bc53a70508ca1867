# The tables of a vocabulary, from its three forms.


cdef int check(int code) except -1:
    """Raise what a builder of tables reports."""
    if code == -1:
        raise MemoryError
    if code < 0:
        raise VocabularyError("the table of merges is corrupt")
    return 0


cdef int expand(Vocab* v, bytes pairs) except -1:
    """Tables from the `pairs` form."""
    if len(pairs) % 8 or len(pairs) // 8 >= (1 << TOKEN_BITS) - 1:
        raise VocabularyError("the table of merges is corrupt")
    check(expand_pairs(v, <const uint8_t*>PyBytes_AS_STRING(pairs), <uint32_t>(len(pairs) // 8)))
    check_bytes(v)
    if FREE_THREADED:  # no thread may see a table that another one is making
        index_now(v)
    return 0


cdef int index_now(Vocab* v) except -1:
    """The table of whole tokens, when one is first asked for: a third of the time of all tables, and a megabyte."""
    cdef int code
    if v.slots == NULL:
        code = index_tokens(v)
        if code < 0:
            bpe_free_table(v.slots, (<size_t>v.slot_mask + 1) * 4)
            v.slots = NULL
        check(code)
    return 0


cdef int check_bytes(const Vocab* v) except -1:
    cdef int i
    for i in range(256):
        if v.single[i] == NO_TOKEN:
            raise VocabularyError(f"the byte 0x{i:02x} is no token: some text could not be encoded")
    return 0


cdef int index_ranks(Vocab* v, vocabulary) except -1:
    """Tables from ranks, and merges if they are listed."""
    cdef uint32_t i = 0
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
    check_bytes(v)
    index_now(v)
    if v.ids[v.n - 1] == v.n - 1:  # no gaps
        free(v.ids)
        v.ids = NULL
    if vocabulary.merges is None:
        v.whole_first = True
        check(pair_all_splits(v))
    else:
        v.whole_first = vocabulary.ignore_merges
        list_merges(v, vocabulary.merges, {token: index for index, token in enumerate(tokens)})
    return 0


cdef int list_merges(Vocab* v, merges, index) except -1:
    cdef uint32_t rank = 0
    if len(merges) >= NO_RANK:
        raise VocabularyError(f"{len(merges)} merges are more than the compiled core can hold")
    v.results = <uint32_t*>malloc(len(merges) * 4 + 4)
    if v.results == NULL:
        raise MemoryError
    check(alloc_pairs(v, len(merges)))
    for left, right in merges:
        try:
            v.results[rank] = index[left + right]
            add_pair(v, index[left], index[right], rank)
        except KeyError:
            raise VocabularyError(f"the merge of {left!r} and {right!r} is of or to no token") from None
        rank += 1
    return 0


cdef uint32_t* add_specials(Vocab* v, tokens, uint32_t* n) except NULL:
    """Put the bytes of special tokens behind those of the others, for decoding.

    The ids, sorted, as the result, and their number; of several names of an id the first counts.
    """
    cdef uint32_t i = 0
    cdef size_t size
    cdef uint32_t* ids
    cdef void* raw
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
    ids = <uint32_t*>malloc(len(by_id) * 4 + 4)
    if ids == NULL:
        raise MemoryError
    for token in sorted(by_id):
        size += len(by_id[token])
        v.offsets[v.n + i + 1] = <uint32_t>size
        ids[i] = token
        i += 1
    n[0] = i
    return ids
