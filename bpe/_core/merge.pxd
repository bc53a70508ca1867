# Merging: bytes to tokens, for what no table knows yet.
#
# A word (up to 64 bytes) keeps one number for each of its pairs, rank above position, so that the
# minimum of a few vectors is the leftmost pair of the lowest rank.  Nothing is moved: a merged
# part leaves a bit in a mask.  Where tables tell that bytes are merged before others can take them, a
# word begins with what these give.  Several words are merged in turns, a merge of each, so that the
# loads of one hide behind the work on the others.

from libc.stdint cimport uint8_t, uint32_t, uint64_t
from .joints cimport code_point, is_three, leads_three, pairs_first, parted, three_bytes
from .vocab cimport NO_RANK, RANK_BITS, Vocab, bucket_of, merged, pair_key, rank_in
from .window cimport below

cdef extern from "simd.h" nogil:
    uint32_t bpe_least(const uint32_t*, int)
    int bpe_ctz64(uint64_t)
    int bpe_top64(uint64_t)
    void bpe_prefetch(const void*)

cdef enum:
    WORD = 64              # bytes of the longest word
    BATCH = 32             # words that are merged in turns
    POSITION_BITS = 6
    RANKED = 1 << 28                     # in all numbers of pairs, as their minimum needs
    NOTHING = RANKED | NO_RANK << POSITION_BITS   # no pair here: above all that merge

# A pair to be ranked: its key, and its bucket, which has been asked for.
cdef struct Pair:
    uint64_t key
    const uint64_t* bucket
    int at                 # where its rank goes

cdef struct Word:
    uint32_t pairs[WORD]   # RANKED | rank << POSITION_BITS | position
    uint32_t tokens[WORD]
    uint64_t alive         # positions where a token starts
    uint64_t joined        # those of more than a byte, whose pairs are to be ranked at first
    int blocks             # of 16 pairs
    Pair before, after     # that the last merge has made


cdef inline uint32_t entry(uint32_t rank, int position) noexcept nogil:
    return RANKED | rank << POSITION_BITS | position


cdef inline void start_word(const Vocab* v, Word* w, const uint8_t* p, int n) noexcept nogil:
    cdef int i
    cdef uint32_t two = p[0]
    cdef uint32_t bits = two
    cdef uint32_t* last = w.pairs + ((n - 1) & ~15)
    w.blocks = (n + 15) >> 4
    w.alive = below(n)
    w.tokens[0] = v.single[two]
    for i in range(16):
        last[i] = NOTHING
    for i in range(n - 1):
        two = (two << 8 | p[i + 1]) & 0xFFFF
        w.tokens[i + 1] = v.single[p[i + 1]]
        w.pairs[i] = entry(v.byte_pairs[two], i)
        bits |= two
    w.joined = 0
    if bits & 0x80 and v.well_formed:
        join_bytes(v, w, p, n)


cdef inline void join_bytes(const Vocab* v, Word* w, const uint8_t* p, int n) noexcept nogil:
    """Put what is merged first anyway in place of its bytes, and ask for the pairs that it makes.

    The word may be no UTF-8, and begin and end inside of characters.
    """
    cdef int i = 0
    cdef bint whole = True  # what begins here is, if it is a character of three bytes, whole on its left
    cdef bint behind
    cdef uint32_t three, rank
    while i + 1 < n:
        if p[i] < 0xC0:
            whole = False
            i += 1
            continue
        if leads_three(p[i]) and i + 2 < n:
            three = three_bytes(p + i)
            behind = parted(v.joints, p + i + 3, p + n)
            if whole and behind and is_three(three) and v.joints.chars[code_point(three)]:
                join(w, i, 3, v.joints.chars[code_point(three)] - 1)
                i += 3
                continue
            whole = behind
        else:
            whole = False
        rank = v.byte_pairs[<uint32_t>p[i] << 8 | p[i + 1]]
        if rank != NO_RANK and p[i + 1] & 0xC0 == 0x80 and pairs_first(v.joints, p + i, p, p + n, rank):
            join(w, i, 2, merged(v, rank))
        i += 3 if leads_three(p[i]) else 2
    if w.joined:
        rank_joined(v, w, True)


cdef inline void join(Word* w, int i, int n, uint32_t token) noexcept nogil:
    """Put a token in place of n bytes, two or three."""
    w.tokens[i] = token
    w.joined |= <uint64_t>1 << i
    w.alive &= ~(<uint64_t>((2 << (n - 1)) - 2) << i)
    w.pairs[i] = w.pairs[i + 1] = w.pairs[i + n - 1] = NOTHING


cdef inline void rank_joined(const Vocab* v, Word* w, bint ask_only) noexcept nogil:
    """The ranks of the pairs with what join_bytes has joined; or ask for them."""
    cdef uint64_t rest = w.alive
    cdef int i = bpe_ctz64(rest)
    cdef int k
    cdef uint64_t key
    rest &= rest - 1
    while rest:
        k = bpe_ctz64(rest)
        rest &= rest - 1
        if (w.joined >> i | w.joined >> k) & 1:
            key = pair_key(w.tokens[i], w.tokens[k]) << RANK_BITS
            if ask_only:
                bpe_prefetch(bucket_of(v, key))
            else:
                w.pairs[i] = entry(rank_in(v, bucket_of(v, key), key), i)
        i = k


cdef inline void ask(const Vocab* v, Pair* pair, uint32_t left, uint32_t right, bint none,
                     int at) noexcept nogil:
    """A pair to be ranked, or none: a key with all bits set merges with nothing."""
    pair.key = (pair_key(left, right) | -<uint64_t>none) << RANK_BITS
    pair.bucket = bucket_of(v, pair.key)
    pair.at = at
    bpe_prefetch(pair.bucket)


cdef inline bint pick(const Vocab* v, Word* w) noexcept nogil:
    """Merge the leftmost pair of the lowest rank and ask for its new neighbours; False: none merges.

    At the ends of the word a neighbour is missing: whether it is cannot be predicted, so that it
    is a pair that does not merge, at the place of the part that goes.
    """
    cdef uint32_t least = bpe_least(w.pairs, w.blocks)
    cdef uint32_t token
    cdef int i, k
    cdef uint64_t rest
    if least >= NOTHING:
        return False
    i = least & (WORD - 1)
    token = merged(v, least >> POSITION_BITS & NO_RANK)
    w.tokens[i] = token
    rest = w.alive & (~<uint64_t>1 << i)
    k = bpe_ctz64(rest)  # the part that goes
    w.pairs[k] = NOTHING
    rest &= rest - 1
    w.alive &= ~(<uint64_t>1 << k)
    ask(v, &w.after, token, w.tokens[bpe_ctz64(rest | <uint64_t>1 << 63)], rest == 0, i)
    rest = w.alive & below(i)
    i = bpe_top64(rest | 1)
    ask(v, &w.before, w.tokens[i], token, rest == 0, i if rest else k)
    return True


cdef inline void rank_neighbours(const Vocab* v, Word* w) noexcept nogil:
    """The ranks of the two pairs that the last merge has made."""
    w.pairs[w.after.at] = entry(rank_in(v, w.after.bucket, w.after.key), w.after.at)
    w.pairs[w.before.at] = entry(rank_in(v, w.before.bucket, w.before.key), w.before.at)


cdef inline void merge_words(const Vocab* v, Word* words, int n) noexcept nogil:
    """All merges of up to BATCH words, which start_word has filled."""
    cdef Word* open_words[BATCH]
    cdef Word* word
    cdef int i, m
    for i in range(n):
        open_words[i] = words + i
        if words[i].joined:
            rank_joined(v, words + i, False)
    while n:
        m = 0
        for i in range(n):
            word = open_words[i]
            open_words[m] = word
            m += pick(v, word)
        n = m
        for i in range(n):
            rank_neighbours(v, open_words[i])
