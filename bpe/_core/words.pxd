# Words: up to 64 bytes that are to be merged, and how they begin.
#
# A word keeps one number for each of its pairs, rank above position, so that the minimum of a few
# vectors is the leftmost pair of the lowest rank.  Nothing is moved: a merged part leaves a bit in a
# mask.  Where it is known that bytes are merged before others can take them (first.h, joints.pxd), a word
# begins with what these give.

from libc.stdint cimport uint8_t, uint32_t, uint64_t
from .joints cimport code_point, is_three, leads_three, three_bytes, uncut
from .vocab cimport RANK_BITS, BytePair, Vocab, bpe_prefetch, bucket_of, edges_of, pair_key, rank_in
from .window cimport below, bpe_ctz64, bpe_top64

cdef extern from "first.h" nogil:
    enum:
        POSITION_BITS "BPE_POSITION_BITS"
        RANKED "BPE_RANKED"
        NO_PAIR "BPE_NO_PAIR"
    uint64_t merge_first "bpe_merge_first"(uint32_t*, uint32_t*, const uint32_t*, int)

cdef enum:
    WORD = 64              # bytes of the longest word
    BATCH = 32             # words that are merged in turns

cdef struct Word:
    uint32_t pairs[WORD]   # RANKED | rank << POSITION_BITS | position
    uint32_t tokens[WORD]
    uint32_t edges[WORD + 4]  # of the pairs of bytes, behind a zero; vectors read some more
    uint64_t alive         # positions where a token starts
    const uint8_t* p
    int n
    bint wide              # it may have characters of three bytes

# A pair to be ranked: its key, and its bucket, which has been asked for.
cdef struct Asked:
    uint64_t key
    const uint64_t* bucket
    uint32_t* to           # where its rank goes
    uint32_t at            # and its position

cdef struct Words:
    Word words[BATCH]
    Asked asked[BATCH * WORD]


cdef inline void ask(const Vocab* v, Asked* asked, Word* w, uint32_t left, uint32_t right, bint none, int at) noexcept nogil:
    """Let a pair be ranked, or none: a key with all bits set merges with nothing."""
    asked.key = (pair_key(left, right) | -<uint64_t>none) << RANK_BITS
    asked.bucket = bucket_of(v, asked.key)
    asked.to = w.pairs + at
    asked.at = at
    bpe_prefetch(asked.bucket)


cdef inline void rank_asked(const Vocab* v, const Asked* asked, const Asked* end) noexcept nogil:
    while asked < end:
        asked.to[0] = RANKED | rank_in(v, asked.bucket, asked.key) << POSITION_BITS | asked.at
        asked += 1


cdef inline void start_word(const Vocab* v, Words* words, int k, const uint8_t* p, int n) noexcept nogil:
    """Let the k-th word be the bytes p[:n], which merge_words is to merge then."""
    cdef Word* w = &words.words[k]
    cdef int i
    cdef uint32_t byte = p[0]
    cdef uint32_t two = byte
    cdef uint32_t most = byte
    cdef uint32_t* last = w.pairs + ((n - 1) & ~15)
    cdef const BytePair* pair
    for i in range(16):
        last[i] = NO_PAIR
    w.tokens[0] = v.single[byte]
    for i in range(n - 1):
        byte = p[i + 1]
        most = byte if byte > most else most
        two = (two << 8 | byte) & 0xFFFF
        pair = v.byte_pairs + two
        w.tokens[i + 1] = v.single[byte]
        w.pairs[i] = RANKED | pair.rank << POSITION_BITS | i
        w.edges[i + 1] = edges_of(pair)
    w.edges[0] = w.edges[n] = 0
    w.alive = below(n)
    w.p = p
    w.n = n
    w.wide = most >= 0xE0


cdef inline Asked* begin_merging(const Vocab* v, Word* w, Asked* asked) noexcept nogil:
    """Merge what is merged before all else, and ask for the pairs of that; behind the last one.

    Of a vocabulary that is well formed.  Not at once with the start: loads of vectors wait for the
    single numbers that they are made of.
    """
    cdef uint64_t first = merge_first(w.pairs, w.tokens, w.edges + 1, w.n)
    w.alive &= ~(first << 1)
    if w.wide:
        first |= merge_characters(v, w)
    return ask_around(v, w, first, asked)


cdef inline uint64_t merge_characters(const Vocab* v, Word* w) noexcept nogil:
    """Put the tokens of characters of three bytes in their place if they are merged first; their positions.

    The word may be no UTF-8, and begin and end inside of characters.
    """
    cdef const uint8_t* p = w.p
    cdef int i = 0
    cdef bint uncut_before = True
    cdef bint uncut_behind
    cdef uint32_t three, token
    cdef uint64_t first = 0
    while i + 2 < w.n:
        if not leads_three(p[i]):
            uncut_before = False
            i += 1
            continue
        three = three_bytes(p + i)
        uncut_behind = uncut(v.joints, p + i + 3, p + w.n)
        token = v.joints.chars[code_point(three)]
        if uncut_before and uncut_behind and token and is_three(three):
            w.tokens[i] = token - 1
            w.pairs[i] = w.pairs[i + 1] = w.pairs[i + 2] = NO_PAIR
            w.alive &= ~(<uint64_t>6 << i)
            first |= <uint64_t>1 << i
        uncut_before = uncut_behind and is_three(three)
        i += 3
    return first


cdef inline Asked* ask_around(const Vocab* v, Word* w, uint64_t first, Asked* asked) noexcept nogil:
    """Ask for the pairs with what is merged first, at these positions; behind the last one."""
    # That and the bytes before it, each with the next part; but the last part has none.
    cdef uint64_t rest = (first | first >> 1) & w.alive & below(bpe_top64(w.alive))
    cdef int i
    while rest:
        i = bpe_ctz64(rest)
        rest &= rest - 1
        ask(v, asked, w, w.tokens[i], w.tokens[bpe_ctz64(w.alive & (~<uint64_t>1 << i))], False, i)
        asked += 1
    return asked
