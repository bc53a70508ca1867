# The compiled core: Python objects at the edge of the engine, which knows none.

cimport cython
from cpython.buffer cimport PyBUF_FORMAT, PyBUF_STRIDES, PyBuffer_Release, PyObject_CheckBuffer, PyObject_GetBuffer
from cpython.bytes cimport PyBytes_AS_STRING, PyBytes_FromStringAndSize, PyBytes_GET_SIZE, _PyBytes_Resize
from cpython.list cimport PyList_New
from cpython.number cimport PyNumber_Index
from cpython.object cimport PyObject
from libc.stdint cimport int8_t, int16_t, int32_t, int64_t, uint8_t, uint16_t, uint32_t, uint64_t
from libc.stdlib cimport calloc, free, malloc, realloc
from libc.string cimport memcpy, memmove, memset

from .build cimport expand_pairs, index_byte_pairs, pair_all_splits
from .cache cimport MORE_BITS, SHORT_BITS, bpe_copy16, close_cache, enlarge, is_crowded, open_cache
from .chars cimport (
    BLANK, KANA_HAN, KANA_ODD, KANA_PUNCT, LOWER, MARK, NEWLINE, NUMBER, OTHER, PUNCT, REST, UPPER, ClassTable,
    class_of, is_letter, is_white,
)
from .engine cimport encode_block
from .joints cimport bpe_load32le
from .misses cimport emit_merged, learn_vocabulary
from .scan cimport bpe_best_write_bits, bpe_write_bits_fn, CL100K, DEEPSEEK, GPT2, NO_FAMILY, O200K, Scanner, scan
from .special cimport Specials, bpe_best_find, bpe_open_starts, holds_special, next_special
from .tokens cimport find_token, hash_bytes, index_tokens
from .vocab cimport (
    NO_RANK, NO_TOKEN, PADDING, TOKEN_BITS, Vocab, add_pair, alloc_pairs, bpe_free_table, bpe_prefetch, free_vocab,
)
from .window cimport bpe_classify, bpe_classify_variants
from .work cimport UNITS, Work, reserve

# Not `from ..errors import`: Cython looks that up as "bpe.errors", the name at the time of the build,
# so that a vendored copy would take the modules of an installed bpe that was imported before.
errors = __import__("errors", globals(), None, ("BPEError",), 2)
patterns = __import__("patterns", globals(), None, ("split",), 1)
unicode = __import__("unicode", globals(), None, ("CATEGORIES",), 1)
read_data = __import__("_data", globals(), None, ("read_data",), 2).read_data
TokenTypeError, UnknownTokenError = errors.TokenTypeError, errors.UnknownTokenError
VocabularyError = errors.VocabularyError
RefusedTextError = errors.RefusedTextError

cdef extern from "Python.h":
    const char* PyUnicode_AsUTF8(object) except NULL
    const char* PyUnicode_AsUTF8AndSize(object, Py_ssize_t*) except NULL
    bytes PyUnicode_AsUTF8String(object)
    int PyUnicode_Check(object)
    bint PyLong_CheckExact(object)
    long long PyLong_AsLongLong(object) except? -1


cdef extern from *:
    """
    #if defined(Py_GIL_DISABLED)
    #define BPE_FREE_THREADED 1
    #else
    #define BPE_FREE_THREADED 0
    #endif
    """
    bint FREE_THREADED "BPE_FREE_THREADED"


include "classes.pxi"
include "workspace.pxi"
include "lists.pxi"
include "stretches.pxi"
include "specials.pxi"
include "tables.pxi"
include "text.pxi"
include "decoding.pxi"


cdef class CompiledCore:
    """The engine over the tables of one vocabulary."""

    cdef Vocab vocab
    cdef object vocabulary
    cdef int family
    cdef Pool pool
    cdef Met met
    cdef Decoder decoder
    cdef uint64_t n_ids              # above all ids of mergeable tokens
    cdef size_t asked                # for so many in lists, before their ints were made
    cdef object __weakref__

    def __cinit__(self, vocabulary):
        self.pool = Pool()

    def __init__(self, vocabulary):
        if self.vocabulary is not None:
            raise TypeError("the tables of a core are made once")
        self.vocabulary = vocabulary
        self.family = {
            patterns.GPT2: GPT2, patterns.CL100K: CL100K, patterns.O200K: O200K, patterns.DEEPSEEK: DEEPSEEK,
        }.get(vocabulary.pattern, NO_FAMILY)
        if self.family == DEEPSEEK and not vocabulary.keep_unmatched:
            self.family = NO_FAMILY  # its scanner keeps; the other patterns match everything
        if vocabulary.pairs is not None:
            expand(&self.vocab, vocabulary.pairs)
        else:
            index_ranks(&self.vocab, vocabulary)
        if index_byte_pairs(&self.vocab) < 0:
            raise MemoryError
        self.decoder.vocab = &self.vocab
        self.decoder.n_direct = self.vocab.n if self.vocab.ids == NULL else 0
        self.decoder.special_ids = add_specials(&self.vocab, vocabulary.special_tokens, &self.decoder.n_specials)
        self.n_ids = self.vocab.n
        if self.vocab.n and self.vocab.ids != NULL:
            self.n_ids = <uint64_t>self.vocab.ids[self.vocab.n - 1] + 1
        make_numbers_now(self.n_ids)
        if self.family == NO_FAMILY:
            patterns.check(vocabulary.pattern)

    def __dealloc__(self):
        free(self.decoder.special_ids)
        free_vocab(&self.vocab)

    # ---- lists

    cdef bint numbers_made(self, CompiledSpecialSet specials, size_t n) except -1:
        """Whether the ints of all ids are made, special tokens' too, now that about n more are asked for."""
        cdef uint64_t n_ids = self.n_ids
        if specials is not None and specials.n_ids > n_ids:
            n_ids = specials.n_ids
        if n_ids > n_numbers:
            self.asked += n
            if self.asked < MANY_IDS or n_ids > NUMBERS:
                return False
            make_numbers(n_ids)
        return True

    # ---- encoding

    cdef void open_scanner(self, Scanner* s, const uint8_t* text) noexcept nogil:
        s.classes = &CLASSES
        s.classify = &classify
        s.write_bits = write_bits
        s.family = self.family
        s.text = text

    cdef void meet(self, Work* work, Py_ssize_t n) noexcept nogil:
        """Make the table large and learn the vocabulary when much text has been seen.

        n characters more are coming.  Little text, as most processes have, needs neither the time
        nor the memory of that.
        """
        if not work.seeded:
            work.seen += n
            if work.seen >= MUCH_TEXT:
                if work.cache.bits < work.cache.much_bits:
                    enlarge(&work.cache, work.cache.much_bits)
                learn_vocabulary(work, &self.vocab)

    cdef Py_ssize_t append_ids(self, Work* work, const uint8_t* p, Py_ssize_t n, const Specials* specials, const Specials* refused, Drain* drain) noexcept nogil:
        """Put the ids of a text behind those in work.ids, or into the drain.

        Their number, NO_MEMORY, or REFUSED if there is a refused token in the text.
        """
        cdef Scanner s
        cdef const uint8_t* end = p + n
        cdef int which = -1
        cdef size_t before = work.n_ids if drain == NULL else drain.n
        if refused != NULL and holds_special(refused, p, end):
            return REFUSED
        self.open_scanner(&s, p)
        work.failed = False
        while True:
            s.end = next_special(specials, s.text, end, &which) if specials != NULL else end
            while encode_block(work, &self.vocab, &s):
                if is_crowded(&work.cache):
                    enlarge(&work.cache, work.cache.bits + 1)
                if drain != NULL and not drain_ids(drain, work):
                    return NO_MEMORY
            if work.failed:
                return NO_MEMORY
            if which < 0:
                break
            if not reserve(work, 1):
                return NO_MEMORY
            work.ids[work.n_ids] = specials.ids[which]
            work.n_ids += 1
            if drain != NULL and not drain_ids(drain, work):
                return NO_MEMORY
            s.text = s.end + (specials.offsets[which + 1] - specials.offsets[which])
        return (work.n_ids if drain == NULL else drain.n) - before

    cdef Py_ssize_t fill(self, Work* work, text, CompiledSpecialSet specials, CompiledSpecialSet refused, Drain* drain) except -1:
        """The ids of a text into work.ids, or into the drain; their number.  Raises RefusedTextError."""
        cdef Py_ssize_t n
        cdef const uint8_t* p
        cdef const Specials* wanted = set_of(specials)
        cdef const Specials* unwanted = set_of(refused)
        if type(text) is not str:
            raise TypeError("text must be a str")
        work.n_ids = 0
        if self.family == NO_FAMILY:
            return checked(self.fill_by_pattern(work, text, wanted, unwanted))
        self.meet(work, len(text))
        if in_stretches(text, wanted, &self.met):
            if len(text) < SHORT_TEXT:
                return checked(self.append_text(work, <PyObject*>text, wanted, unwanted, drain))
            with nogil:
                n = self.append_text(work, <PyObject*>text, wanted, unwanted, drain)
            return checked(n)
        p = <const uint8_t*>PyUnicode_AsUTF8AndSize(text, &n)
        wish_for_room(work, drain, n // BYTES_PER_ID)
        if n < SHORT_TEXT:
            n = self.append_ids(work, p, n, wanted, unwanted, drain)
        else:
            with nogil:
                n = self.append_ids(work, p, n, wanted, unwanted, drain)
        return checked(n)

    cdef Py_ssize_t append_text(self, Work* work, PyObject* text, const Specials* specials, const Specials* refused, Drain* drain) except -1 nogil:
        """append_ids, stretch by stretch; raises for a surrogate."""
        cdef Py_ssize_t done, utf8_done, n
        cdef const uint8_t* p
        cdef Py_ssize_t rest = 0
        cdef Py_ssize_t total = append_stretches(self, work, text, specials, refused, drain, &done, &utf8_done)
        if total >= 0 and done < length_of(text):  # a surrogate, which raises, or nowhere to cut
            with gil:
                p = <const uint8_t*>PyUnicode_AsUTF8AndSize(<object>text, &n)
            if refused != NULL and holds_special(refused, p, p + n):  # one may begin before the rest
                return REFUSED
            rest = self.append_ids(work, p + utf8_done, n - utf8_done, specials, NULL, drain)
        return rest if rest < 0 else total if total < 0 else total + rest

    cdef Py_ssize_t fill_by_pattern(self, Work* work, text, const Specials* specials, const Specials* refused) except -1:
        """append_ids with a caller's own pattern: piece after piece, by its regular expression."""
        cdef int which = -1
        cdef const uint8_t* raw
        cdef const uint8_t* p
        cdef const uint8_t* at
        whole = text.encode()
        raw = <const uint8_t*>PyBytes_AS_STRING(whole)
        p = raw
        if refused != NULL and holds_special(refused, raw, raw + PyBytes_GET_SIZE(whole)):
            return REFUSED
        work.failed = False
        while True:
            at = raw + PyBytes_GET_SIZE(whole)
            if specials != NULL:
                at = next_special(specials, p, at, &which)
            segment = whole[p - raw:at - raw].decode()
            for start, end in patterns.split(segment, self.vocabulary.pattern, self.vocabulary.keep_unmatched):
                self.merge_piece(work, segment[start:end].encode())
            if which < 0:
                break
            if not reserve(work, 1):
                return NO_MEMORY
            work.ids[work.n_ids] = specials.ids[which]
            work.n_ids += 1
            p = at + (specials.offsets[which + 1] - specials.offsets[which])
        return work.n_ids

    def special_set(self, tokens):
        """Prepare special tokens (text -> id)."""
        return CompiledSpecialSet(tokens)

    def encode(self, text, CompiledSpecialSet specials=None, CompiledSpecialSet refused=None):
        """Ids of text."""
        cdef Workspace w = self.pool.take()
        cdef Drain drain
        cdef Py_ssize_t n
        memset(&drain, 0, sizeof(drain))
        try:
            if LOOSE_ITEMS and self.family != NO_FAMILY and type(text) is str:
                n = len(text)
                if n >= SHORT_TEXT and self.numbers_made(specials, n // BYTES_PER_ID):
                    self.fill(w.work, text, specials, refused, &drain)
                    return drained(&drain)
            n = self.fill(w.work, text, specials, refused, NULL)
            return make_list(w.work.ids, n, self.numbers_made(specials, n))
        finally:
            drop_items(&drain)
            self.pool.give(w)

    def encode_array(self, text, CompiledSpecialSet specials=None, CompiledSpecialSet refused=None):
        """Ids of text, as native uint32."""
        cdef Workspace w = self.pool.take()
        cdef uint32_t* ids = w.work.ids
        cdef size_t room = w.work.room
        w.work.ids = NULL
        w.work.room = 0
        try:
            self.fill(w.work, text, specials, refused, NULL)
            return memoryview(take_ids(w.work))
        finally:
            drop_ids(w.work)
            w.work.ids = ids
            w.work.room = room
            self.pool.give(w)

    def count(self, text, CompiledSpecialSet specials=None, CompiledSpecialSet refused=None):
        """The number of ids of text."""
        cdef Workspace w = self.pool.take()
        cdef Drain drain
        memset(&drain, 0, sizeof(drain))
        drain.counts = True
        try:
            return self.fill(w.work, text, specials, refused, &drain)
        finally:
            self.pool.give(w)

    def encode_batch(self, texts, CompiledSpecialSet specials=None, CompiledSpecialSet refused=None, num_threads=0):
        """encode of each text; num_threads 0: as many as pay."""
        if self.family == NO_FAMILY:  # a regular expression needs the interpreter
            return [self.encode(text, specials, refused) for text in texts]
        return run_batch(self, texts, specials, refused, num_threads, False)

    def count_batch(self, texts, CompiledSpecialSet specials=None, CompiledSpecialSet refused=None, num_threads=0):
        """count of each text; num_threads 0: as many as pay."""
        if self.family == NO_FAMILY:
            return [self.count(text, specials, refused) for text in texts]
        return run_batch(self, texts, specials, refused, num_threads, True)

    def encode_bytes(self, bytes data):
        """Ids of any bytes; decoding gives them back."""
        cdef Workspace w
        cdef Py_ssize_t n, last
        cdef bytes rest
        try:
            return self.encode(data.decode())
        except UnicodeDecodeError as error:
            valid = error.start
        tokens = self.encode(data[:valid].decode())
        # The rest belongs to the last piece, for all we know.  After blanks a pattern may take the
        # blanks before them too, so those are taken back as well.
        last = min(self.tokens_of_last_piece(data[:valid]), len(tokens))
        if last and self.is_blank(tokens[len(tokens) - last]):
            while last < len(tokens) and self.is_blank(tokens[len(tokens) - last - 1]):
                last += 1
        stable = tokens[:len(tokens) - last]
        rest = self.decode(tokens[len(tokens) - last:]) + data[valid:]
        w = self.pool.take()
        try:
            return stable + self.piece_list(w.work, rest)
        finally:
            self.pool.give(w)

    cdef int merge_piece(self, Work* work, bytes piece) except -1:
        """Append the ids of bytes that are one piece, whatever they are."""
        cdef const uint8_t* p = <const uint8_t*>PyBytes_AS_STRING(piece)
        cdef size_t n = PyBytes_GET_SIZE(piece)
        cdef bint done
        if n < SHORT_TEXT:
            done = reserve(work, n) and emit_merged(work, &self.vocab, p, n)
        else:
            with nogil:
                done = reserve(work, n) and emit_merged(work, &self.vocab, p, n)
        if not done:
            raise MemoryError
        return 0

    cdef list piece_list(self, Work* work, bytes piece):
        """The ids of bytes that are one piece."""
        work.n_ids = 0
        work.failed = False
        self.merge_piece(work, piece)
        return make_list(work.ids, work.n_ids, self.numbers_made(None, work.n_ids))

    cdef bint is_blank(self, token):
        return not self.token_bytes(token).strip(b" \n\t")

    cdef Py_ssize_t tokens_of_last_piece(self, bytes text) except -1:
        cdef Workspace w
        cdef Scanner s
        cdef const uint8_t* start = NULL
        cdef const uint8_t* base
        cdef size_t n
        piece = b""
        if self.family == NO_FAMILY:
            decoded = text.decode()
            for a, b in patterns.split(decoded, self.vocabulary.pattern, self.vocabulary.keep_unmatched):
                piece = decoded[a:b].encode()
        w = self.pool.take()
        try:
            if self.family != NO_FAMILY:
                self.open_scanner(&s, <const uint8_t*>PyBytes_AS_STRING(text))
                s.end = s.text + len(text)
                base = start = s.text
                while True:
                    base = s.text
                    n = scan(&s, w.work.ends, UNITS)
                    if n == 0:
                        break
                    start = base + w.work.ends[n - 2] if n > 1 else base
                piece = text[start - <const uint8_t*>PyBytes_AS_STRING(text):]
            return len(self.piece_list(w.work, piece)) if piece else 0
        finally:
            self.pool.give(w)

    # ---- tokens

    def token_id(self, token):
        """The id of a mergeable token, by its bytes; None if there is none."""
        cdef bytes raw = token
        cdef const uint8_t* p = <const uint8_t*>PyBytes_AS_STRING(raw)
        cdef uint32_t t
        index_now(&self.vocab)
        t = find_token(&self.vocab, hash_bytes(p, len(raw)), p, len(raw))
        if t == NO_TOKEN:
            return None
        return t if self.vocab.ids == NULL else self.vocab.ids[t]

    def token_bytes(self, token):
        """The bytes of an id, mergeable or special."""
        return decode_ids(&self.decoder, (token,))

    def decode(self, tokens):
        """The joined bytes of ids."""
        return decode_ids(&self.decoder, tokens)

    def decode_text(self, tokens, errors):
        """The same as text."""
        return decode_text(&self.decoder, tokens, errors)


include "batch.pxi"
