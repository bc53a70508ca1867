# Ids as Python ints, in lists.
#
# The ints of the usual ids are made when first met, once for the process, and are never freed: like
# the small ints of Python itself they need not be counted.  So a list is filled by writing pointers:
# without the interpreter, without a look at the ints, block by block while the ids are still in the
# cache.  That takes half the time of counting each int, and spares memory for all ids of a text.
# They are up to a million, 40 MB with their table; a free-threaded Python makes those of a vocabulary
# when it is loaded.  Elsewhere a thread may read a place of the table while another one fills it:
# it sees the int or none, and nobody looks into the int before he has the interpreter.

cdef extern from *:
    """
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

    #define BPE_NUMBERS (1 << 20)
    static PyObject *bpe_numbers[BPE_NUMBERS];  /* the pages that nobody uses take no memory */

    /* Let no number of references dropped free an int.  From 3.12 on a count whose lower half is
     * negative as an int of 32 bits is immortal; 3.11 counts down, from more than can be dropped, and
     * without the GIL Python itself makes an object of so many immortal. */
    static void bpe_make_immortal(PyObject *number) {
    #if !BPE_IMMORTAL
        (void)number;
    #elif PY_VERSION_HEX >= 0x030C0000 && !defined(Py_GIL_DISABLED)
        Py_SET_REFCNT(number, (Py_ssize_t)3 << 30);
    #else
        Py_SET_REFCNT(number, (Py_ssize_t)1 << 60);
    #endif
    }
    static inline PyObject *bpe_taken(PyObject *number) {
    #if !BPE_IMMORTAL
        Py_INCREF(number);
    #endif
        return number;
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
    PyObject** numbers "bpe_numbers"
    void make_immortal "bpe_make_immortal"(PyObject*) noexcept
    PyObject* taken "bpe_taken"(PyObject*) noexcept nogil
    list list_of "bpe_list_of"(PyObject**, size_t, size_t)

cdef extern from "simd.h" nogil:
    void bpe_prefer_huge(void*, size_t)

cdef extern from "Python.h":
    PyObject* new_number "PyLong_FromUnsignedLong"(unsigned long) noexcept
    void* PyMem_Malloc(size_t) noexcept
    void* PyMem_Realloc(void*, size_t) noexcept
    void PyMem_Free(void*) noexcept
    void PyErr_Clear() noexcept
    void drop "Py_XDECREF"(PyObject*) noexcept
    PyObject** items_of "PySequence_Fast_ITEMS"(object)


cdef PyObject* make_number(uint32_t token) noexcept:
    """A reference to the int of an id; NULL: no memory."""
    cdef PyObject* number = numbers[token] if token < NUMBERS else NULL
    if number != NULL:
        return taken(number)
    number = new_number(token)
    if number == NULL:
        PyErr_Clear()
    elif token < NUMBERS:
        make_immortal(number)
        numbers[token] = number
        taken(number)
    return number


cdef bint make_items(PyObject** items, const uint32_t* ids, size_t n) noexcept with gil:
    """fill_items where some ids are met for the first time: the interpreter is asked for once."""
    cdef size_t i
    for i in range(n):
        items[i] = make_number(ids[i])
        if items[i] == NULL:
            return False
    return True


numbers_lock = __import__("_thread").allocate_lock()


cdef int make_numbers(size_t top) except -1:
    """Make all ints up to `top` beforehand."""
    cdef uint32_t i
    with numbers_lock:
        for i in range(min(top + 1, NUMBERS)):
            if numbers[i] == NULL and make_number(i) == NULL:
                raise MemoryError
    return 0


cdef inline bint fill_items(PyObject** items, const uint32_t* ids, size_t n) noexcept nogil:
    """Write the ints of ids; False: no memory, and the rest is not written."""
    cdef size_t i
    cdef uint32_t t
    cdef PyObject* number
    for i in range(n):
        t = ids[i]
        number = numbers[t] if t < NUMBERS else NULL
        if number == NULL:
            return make_items(items + i, ids + i, n - i)
        items[i] = taken(number)
    return True


cdef list make_list(const uint32_t* ids, size_t n):
    """The ids as a list."""
    cdef list result = PyList_New(n)
    if not fill_items(items_of(result), ids, n):
        raise MemoryError
    return result


# Where the ids of each block go, if they are not to stay in the workspace.
cdef struct Drain:
    size_t n            # ids so far
    bint counts         # they are only counted
    PyObject** items    # of a list to be
    size_t room


cdef bint drain_reserve(Drain* drain, size_t more) noexcept with gil:
    """Room for more items; False: no memory."""
    cdef size_t room = drain.n + more
    cdef PyObject** items
    if room > (<size_t>-1) // 16:
        return False
    items = <PyObject**>PyMem_Realloc(drain.items, room * sizeof(PyObject*))
    if items == NULL:
        return False
    bpe_prefer_huge(items, room * sizeof(PyObject*))
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
        if not fill_items(drain.items + drain.n, work.ids, n):
            return False
    drain.n += n
    work.n_ids = 0
    return True


cdef list drained(Drain* drain):
    """The items as a list."""
    cdef list result
    cdef PyObject** fitted = NULL
    if is_wasteful(drain.n, drain.room):
        fitted = <PyObject**>PyMem_Realloc(drain.items, drain.n * sizeof(PyObject*) + 1)
    if fitted != NULL:
        drain.items = fitted
        drain.room = drain.n
    result = list_of(drain.items, drain.n, drain.room)
    drain.items = NULL
    return result


cdef void drop_items(Drain* drain) noexcept:
    """Forget what was taken."""
    cdef size_t i
    if drain.items != NULL:
        for i in range(drain.n):
            drop(drain.items[i])
        PyMem_Free(drain.items)
