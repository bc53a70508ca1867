# Ids as Python ints, in lists.
#
# The ints of a vocabulary's ids stand side by side in one array of the process, are made together when
# lists of some length are asked for, and are never freed: like the small ints of Python itself they
# need not be counted.  So the int of an id is found by arithmetic, and a list is filled by writing
# addresses: without the interpreter, without a look at the ints, block by block while the ids are
# still in the cache.  They are up to a million, 32 MB of addresses; what no vocabulary needs of that is
# no memory.

cdef extern from *:
    """
    #include <stddef.h>
    #include "simd.h"
    /* Builds that check counts, and 32-bit ones, count as usual. */
    #if !defined(Py_REF_DEBUG) && SIZEOF_VOID_P == 8
    #define BPE_IMMORTAL 1
    #else
    #define BPE_IMMORTAL 0
    #endif
    /* Whether the items of a list may be allocated before it, and without the interpreter be written. */
    #if BPE_IMMORTAL && !defined(Py_GIL_DISABLED) && PY_VERSION_HEX < 0x030F0000
    #define BPE_LOOSE_ITEMS 1
    #else
    #define BPE_LOOSE_ITEMS 0
    #endif

    /* Where an int has its value, if that is one digit: other ints are made one by one. */
    #if PYLONG_BITS_IN_DIGIT == 30 && PY_VERSION_HEX < 0x030C0000
    #define BPE_DIGIT ob_digit[0]
    #elif PYLONG_BITS_IN_DIGIT == 30 && PY_VERSION_HEX < 0x030F0000
    #define BPE_DIGIT long_value.ob_digit[0]
    #endif
    #if defined(BPE_DIGIT)
    #define BPE_NUMBERS (1 << 20)
    #else
    #define BPE_NUMBERS 1
    #endif
    static PyLongObject bpe_numbers[BPE_NUMBERS];

    static inline PyObject *bpe_taken(PyObject *number) {
    #if !BPE_IMMORTAL
        Py_INCREF(number);
    #endif
        return number;
    }

    /* Let no number of references dropped free an int.  From 3.12 on a count whose lower half is
     * negative as an int of 32 bits is immortal; 3.11 counts down, from more than can be dropped, and
     * without the GIL Python itself makes an object of so many immortal. */
    static void bpe_make_immortal(PyObject *number) {
    #if !BPE_IMMORTAL
        Py_INCREF(number);
    #elif PY_VERSION_HEX >= 0x030C0000 && !defined(Py_GIL_DISABLED)
        Py_SET_REFCNT(number, (Py_ssize_t)3 << 30);
    #else
        Py_SET_REFCNT(number, (Py_ssize_t)1 << 60);
    #endif
    }

    /* Make the ints from `first` to `end`, which is at most BPE_NUMBERS; -1: no memory, as Python says. */
    static int bpe_make_numbers(size_t first, size_t end) {
    #if defined(BPE_DIGIT)
        const size_t size = offsetof(PyLongObject, BPE_DIGIT) + sizeof(digit);
        PyObject *zero = PyLong_FromLong(0), *number = PyLong_FromLong(1 << 20);
        if (zero == NULL || number == NULL) {
            Py_XDECREF(zero);
            Py_XDECREF(number);
            return -1;
        }
        for (size_t i = first; i < end; i++) {
            memcpy(&bpe_numbers[i], i ? number : zero, size);
            bpe_numbers[i].BPE_DIGIT = (digit)i;
            bpe_make_immortal((PyObject *)&bpe_numbers[i]);
        }
        Py_DECREF(zero);
        Py_DECREF(number);
    #else
        (void)first; (void)end;
    #endif
        return 0;
    }

    /* Write the ints of ids, which all are made.  By fours: 3 to 4 % of a warm list. */
    static inline void bpe_point(PyObject **items, const uint32_t *ids, size_t n) {
        size_t i = 0;
    #if defined(BPE_SSE2) && BPE_IMMORTAL
        if (sizeof(PyLongObject) == 32) {
            const __m128i first = _mm_set1_epi64x((long long)(uintptr_t)bpe_numbers), zero = _mm_setzero_si128();
            for (; n - i >= 4; i += 4) {
                const __m128i four = _mm_loadu_si128((const __m128i *)(ids + i));
                const __m128i low = _mm_unpacklo_epi32(four, zero), high = _mm_unpackhi_epi32(four, zero);
                _mm_storeu_si128((__m128i *)(items + i), _mm_add_epi64(first, _mm_slli_epi64(low, 5)));
                _mm_storeu_si128((__m128i *)(items + i + 2), _mm_add_epi64(first, _mm_slli_epi64(high, 5)));
            }
        }
    #endif
        for (; i < n; i++) items[i] = bpe_taken((PyObject *)(bpe_numbers + ids[i]));
    }

    /* A new list of items from PyMem_Malloc, which it owns then. */
    static PyObject *bpe_list_of(PyObject **items, size_t n, size_t room) {
        PyObject *list = PyList_New(0);
    #if BPE_LOOSE_ITEMS
        if (list != NULL) {
            ((PyListObject *)list)->ob_item = items;
            ((PyListObject *)list)->allocated = (Py_ssize_t)room;
            Py_SET_SIZE((PyVarObject *)list, (Py_ssize_t)n);
        }
    #else
        (void)items; (void)n; (void)room;
    #endif
        return list;
    }
    """
    enum:
        LOOSE_ITEMS "BPE_LOOSE_ITEMS"
        NUMBERS "BPE_NUMBERS"
    int new_numbers "bpe_make_numbers"(size_t, size_t) except -1
    void point "bpe_point"(PyObject**, const uint32_t*, size_t) noexcept nogil
    list list_of "bpe_list_of"(PyObject**, size_t, size_t)

cdef extern from "pages.h":
    size_t bpe_result_size(size_t) noexcept
    void bpe_settle_result(void*, size_t) noexcept
    void* bpe_resize_result(void*, size_t, size_t, void* (*)(void*, size_t) noexcept, void (*)(void*) noexcept) noexcept

cdef extern from "Python.h":
    PyObject* new_number "PyLong_FromUnsignedLong"(unsigned long) except NULL
    void* PyMem_Realloc(void*, size_t) noexcept
    void PyMem_Free(void*) noexcept
    PyObject** items_of "PySequence_Fast_ITEMS"(object)

cdef enum:
    MANY_IDS = 4096     # making so many ints one by one takes a good part of the time of making all

cdef size_t n_numbers = 0   # how many ints are made
numbers_lock = __import__("_thread").allocate_lock()


cdef int make_numbers(size_t n) except -1:
    """Make the ints of all ids below n, at most NUMBERS."""
    global n_numbers
    with numbers_lock:
        if n > n_numbers:
            new_numbers(n_numbers, n)
            n_numbers = n
    return 0


cdef int make_numbers_now(uint64_t n) except -1:
    """The same where no thread may see an int that another one is making: before any list."""
    if FREE_THREADED and n <= NUMBERS:
        make_numbers(n)
    return 0


cdef list make_list(const uint32_t* ids, size_t n, bint made):
    """The ids as a list; `made`: the ints of all are."""
    cdef list result = PyList_New(n)
    cdef PyObject** items = items_of(result)
    cdef size_t i
    if made:
        point(items, ids, n)
    else:
        for i in range(n):
            items[i] = new_number(ids[i])
    return result


# Where the ids of each block go, if they are not to stay in the workspace.
cdef struct Drain:
    size_t n            # ids so far
    bint counts         # they are only counted
    PyObject** items    # of a list to be, whose ints are all made
    size_t room


cdef bint drain_reserve(Drain* drain, size_t more) noexcept with gil:
    """Room for more items; False: no memory."""
    cdef size_t room = drain.n + more
    cdef PyObject** items
    if room > (<size_t>-1) // 16:
        return False
    room = bpe_result_size(room * sizeof(PyObject*)) // sizeof(PyObject*)
    items = <PyObject**>bpe_resize_result(drain.items, drain.room * sizeof(PyObject*), room * sizeof(PyObject*), PyMem_Realloc, PyMem_Free)
    if items == NULL:
        return False
    drain.items = items
    drain.room = room
    return True


cdef inline void wish_for_room(Work* work, Drain* drain, size_t more) noexcept nogil:
    """Room for more ids where they go to: a guess, so that it is no matter if there is none."""
    if drain == NULL:
        reserve(work, more)
        work.failed = False
    elif not drain.counts:
        drain_reserve(drain, more)


cdef inline bint drain_ids(Drain* drain, Work* work) noexcept nogil:
    """Take the ids out of the workspace; False: no memory."""
    cdef size_t n = work.n_ids
    if not drain.counts:
        if drain.n + n > drain.room and not drain_reserve(drain, n + drain.n // 2 + UNITS):
            return False
        point(drain.items + drain.n, work.ids, n)
    drain.n += n
    work.n_ids = 0
    return True


cdef list drained(Drain* drain):
    """The items as a list."""
    cdef list result
    cdef PyObject** fitted = NULL
    bpe_settle_result(drain.items, drain.room * sizeof(PyObject*))
    if is_wasteful(drain.n, drain.room):
        fitted = <PyObject**>PyMem_Realloc(drain.items, drain.n * sizeof(PyObject*) + 1)
    if fitted != NULL:
        drain.items = fitted
        drain.room = drain.n
    result = list_of(drain.items, drain.n, drain.room)
    drain.items = NULL
    return result


cdef void drop_items(Drain* drain) noexcept:
    """Forget what was taken: a drain has items only where ints need not be counted."""
    bpe_settle_result(drain.items, drain.room * sizeof(PyObject*))
    PyMem_Free(drain.items)
