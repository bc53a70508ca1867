# The engine: text to token ids, block by block.
#
# A block is some 150 pieces, whose buckets stay in the first level of the cache; more while some are
# new.  (A) The scanner finds their ends.  (B) Their keys are built and the buckets of the table asked
# for.  (C) The table is probed and the ids written.  (D) What was not in its bucket is a miss, whose
# ids are found, with those of the other misses, and put between: misses.pxd.

from libc.stdint cimport uint8_t, uint32_t
from .cache cimport (
    COUNT, LARGE, MEDIUM, SHORT, SHORT_IDS, Medium, Short, bpe_copy16, bpe_prefetch, bucket_at, copy_many,
    copy_medium, find_medium_at, find_short, medium_bucket_at, ring_ids, short_key_near,
)
from .joints cimport Joints, joined, leads_three, three_bytes
from .misses cimport emit_merged, put_misses
from .scan cimport Scanner, scan
from .vocab cimport Key, Vocab, make_key
from .work cimport UNITS, WARM, Work, reserve, unit_length, unit_start

cdef extern from "simd.h" nogil:
    bint likely "BPE_LIKELY"(bint)

cdef enum:
    DENSE = 300     # units to a miss, above which the next block is short
    PARTS = 13      # bytes of the shortest piece that is cut in parts: below, it is met again as a whole


cdef inline void make_keys(Work* w, const uint8_t* text_end) noexcept nogil:
    """Key and bucket of each unit; asks for the buckets."""
    cdef const uint8_t* base = w.base
    cdef const uint8_t* p = base
    cdef const size_t* ends = w.unit_ends
    cdef size_t n = w.n_units
    cdef size_t safe = n
    cdef size_t i = 0
    cdef size_t length
    cdef Key* key = w.keys
    cdef Short* bucket
    while safe and text_end - (base + ends[safe - 1]) < 16:
        safe -= 1
    while i < safe:
        length = base + ends[i] - p
        if length <= SHORT:
            bucket = bucket_at(&w.cache, make_key(key, p, length))
            bpe_prefetch(bucket)
        else:  # its key is in no bucket, so any will do: none is asked for
            make_key(key, p, SHORT + 1)
            bucket = w.cache.short_pieces
            if length <= MEDIUM:
                bpe_prefetch(medium_bucket_at(&w.cache, p, length))
        w.buckets[i] = bucket
        p += length
        key += 1
        i += 1
    while i < n:
        length = base + ends[i] - p
        w.buckets[i] = bucket_at(&w.cache, short_key_near(&w.keys[i], p, length, text_end))
        p += length
        i += 1


cdef inline bint emit_units(Work* w, const Vocab* v, const uint8_t* text_end) noexcept nogil:
    """Write the ids of all units; False: no memory."""
    cdef size_t n = w.n_units
    cdef size_t missing = 0
    cdef size_t i, count, length
    cdef uint32_t* start
    cdef uint32_t* out
    cdef const uint32_t* more
    cdef const Short* e
    cdef const Medium* m
    if not reserve(w, 16 * n):
        return False
    make_keys(w, text_end)
    w.missed = 0
    start = out = w.ids + w.n_ids
    for i in range(n):  # without jumps from hit to hit: 2 to 4 % of a warm pass
        e = find_short(w.buckets[i], &w.keys[i])
        if likely(e != NULL):
            count = e.high >> COUNT
            if likely(count <= SHORT_IDS):
                bpe_copy16(out, e.ids)
                out += count
                continue
            more = ring_ids(&w.cache, e.ids)
            if more != NULL:
                copy_many(out, more)
                out += count
                continue
        length = unit_length(w, i)
        if SHORT < length <= MEDIUM:
            m = find_medium_at(&w.cache, unit_start(w, i), length)
            if m != NULL:
                out += copy_medium(&w.cache, m, out)
                continue
        elif length > LARGE:  # not remembered, and too long to find a place among others
            if not (
                put_misses(w, v, missing, out - start)
                and reserve(w, length + 16 * n)
                and emit_merged(w, v, unit_start(w, i), length)
            ):
                return False
            start = out = w.ids + w.n_ids
            missing = 0
            continue
        w.missing[missing].unit = <uint32_t>i
        w.missing[missing].place = <uint32_t>(out - start)
        missing += 1
    if missing:
        return put_misses(w, v, missing, out - start)
    w.n_ids += out - start
    return True


cdef inline size_t cut_parts(const Joints* joints, const uint8_t* p, size_t n, size_t offset, size_t* ends, size_t room, size_t* done) noexcept nogil:
    """Write the ends of parts of p[:n] that no token can go beyond, plus `offset`; their number.

    `done` are the bytes of these: n, unless there are more parts than `room`.  Whether two
    characters stick together cannot be predicted, so nothing branches on it: 6 % of warm Chinese
    and Japanese with o200k, where half of them do.
    """
    cdef size_t i = 0
    cdef size_t last = 0
    cdef size_t count = 0
    cdef uint32_t left, right
    cdef size_t cut
    while i < n and count < room:
        if not leads_three(p[i]):
            i += 1
            while i < n and p[i] & 0xC0 == 0x80:
                i += 1
            continue
        left = three_bytes(p + i)
        i += 3
        while i < n and leads_three(p[i]) and count < room:
            right = three_bytes(p + i)
            cut = <size_t>(joined(joints, left, right) ^ 1) & <size_t>(n - last >= PARTS)
            ends[count] = offset + i
            count += cut
            last = i if cut else last
            left = right
            i += 3
    if count < room:
        ends[count] = offset + n
        count += 1
        last = n
    done[0] = last
    return count


cdef inline bint emit_parts(Work* w, const Vocab* v, const uint8_t* base, size_t n, const uint8_t* text_end) noexcept nogil:
    """Write n pieces, those of three-byte text cut in parts; False: no memory."""
    cdef const uint8_t* p
    cdef size_t at = 0
    cdef size_t end, i, done
    w.base = base
    w.unit_ends = w.part_ends
    w.n_units = 0
    for i in range(n):
        end = w.ends[i]
        while at < end:
            p = base + at
            if end - at >= PARTS and (leads_three(p[0]) or leads_three(p[1])):
                w.n_units += cut_parts(v.joints, p, end - at, p - w.base, w.part_ends + w.n_units, w.block - w.n_units, &done)
                at += done
            else:
                at = end
                w.part_ends[w.n_units] = base + at - w.base
                w.n_units += 1
            if w.n_units == w.block:
                if not emit_units(w, v, text_end):
                    return False
                w.base = base + at
                w.n_units = 0
    return emit_units(w, v, text_end)


cdef inline bint encode_block(Work* w, const Vocab* v, Scanner* s) noexcept nogil:
    """The next block; False at the end of the text, or when memory failed."""
    cdef const uint8_t* base = s.text
    cdef size_t n
    # The larger the batches of misses, the more of their loads hide behind each other: cold prose
    # takes 10 % less time.  A short block leaves the first cache room for more than its buckets.
    w.block = UNITS if w.missed * DENSE > w.n_units else WARM
    n = scan(s, w.ends, w.block)
    if n == 0:
        return False
    # A part that is a token counts as one only if merging would give it: other vocabularies look
    # up whole pieces only.
    if s.wide and v.well_formed:
        return emit_parts(w, v, base, n, s.end)
    w.base = base
    w.unit_ends = w.ends
    w.n_units = n
    return emit_units(w, v, s.end)
