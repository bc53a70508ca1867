# What a call needs for itself.

cdef enum:
    SHORT_TEXT = 2048       # characters that are encoded before another thread could take over, and whose
                            # ids are all there before their list is made
    MUCH_TEXT = 1 << 15     # characters after which learning the vocabulary pays
    MOST_ROOM = 1 << 22     # ids that a workspace keeps room for
    LONG_RESULT = 1 << 15   # ids
    BYTES_PER_ID = 3        # most text has more, so that room for its ids is asked for once

# Instead of a number of ids; -1 tells Cython that an exception is set.
cdef enum:
    NO_MEMORY = -2
    REFUSED = -3            # a token that is not to be there was found in the text


cdef Py_ssize_t checked(Py_ssize_t n) except -1:
    """A number of ids; raises what stands instead of one."""
    if n == NO_MEMORY:
        raise MemoryError
    if n == REFUSED:
        raise RefusedTextError
    return n


cdef extern from "Python.h":
    unsigned long this_thread "PyThread_get_thread_ident"()

cdef Py_ssize_t most_idle = max(8, cpus())  # workspaces of a CompiledCore that are kept, and the last one


cdef void drop_ids(Work* work) noexcept:
    """Free the room for ids."""
    bpe_settle_result(work.ids, 4 * work.room)
    free(work.ids)
    work.ids = NULL
    work.room = work.n_ids = 0


cdef class Workspace:
    """What one call needs for itself; taken from the core's pool and given back."""

    cdef Work* work
    cdef unsigned long owner  # the thread that had it last

    def __cinit__(self, int much_bits):
        self.work = <Work*>calloc(1, sizeof(Work))
        if self.work == NULL or open_cache(&self.work.cache, much_bits) < 0:
            raise MemoryError

    def __dealloc__(self):
        if self.work != NULL:
            close_cache(&self.work.cache)
            drop_ids(self.work)
            free(self.work)


@cython.final
cdef class Pool:
    """The workspaces that no call uses.

    Where several wait, a thread gets the one that it had last: that knows the pieces of the thread's
    text, and its tables need not grow for those of the others.  Without the GIL it gets any.
    """

    cdef Workspace last     # the last one that was given back; not without the GIL
    cdef list others
    cdef bint opened        # some call has had one

    def __cinit__(self):
        self.others = []

    cdef Workspace take(self):
        """One for a call; that of the first caller has the largest table once much text was seen."""
        cdef unsigned long me = this_thread()
        cdef bint first = not self.opened
        cdef Workspace w = self.last
        if w is not None and (w.owner == me or not self.others):
            self.last = None  # spares a short call 9 %: a list that empties is reallocated
        else:
            w = self.another(me)
        if w is None:
            self.opened = True
            w = Workspace(SHORT_BITS if first else MORE_BITS)
        w.owner = me
        return w

    cdef Workspace another(self, unsigned long me):
        """One of the others, if possible this thread's; else any; None if there is none."""
        cdef Workspace w = self.last
        cdef Py_ssize_t i
        if FREE_THREADED:  # another thread may take the last one, or change the order
            try:
                return <Workspace>self.others.pop()
            except IndexError:
                return None
        for i in range(len(self.others)):
            if (<Workspace>self.others[i]).owner == me:
                return <Workspace>self.others.pop(i)
        if w is not None:
            self.last = None
        elif self.others:
            w = <Workspace>self.others.pop()
        return w

    cdef int give(self, Workspace w) except -1:
        if w.work.room > MOST_ROOM:  # one huge text is no reason to keep its memory
            drop_ids(w.work)
        if self.last is None and not FREE_THREADED:
            self.last = w
        elif len(self.others) < most_idle:
            self.others.append(w)
        return 0


cdef class Ids:
    """Ids in memory of their own, which a memoryview shows as uint32."""

    cdef uint32_t* ids
    cdef Py_ssize_t n
    cdef Py_ssize_t stride

    def __dealloc__(self):
        free(self.ids)

    def __getbuffer__(self, Py_buffer* view, int flags):
        view.buf = self.ids
        view.obj = self
        view.len = 4 * self.n
        view.readonly = 0
        view.itemsize = 4
        view.format = <char*>b"I" if flags & PyBUF_FORMAT else NULL
        view.ndim = 1
        view.shape = &self.n
        view.strides = &self.stride
        view.suboffsets = NULL
        view.internal = NULL


cdef inline bint is_wasteful(size_t n, size_t room) noexcept nogil:
    """Whether a result of n ids gives the rest of its room back.

    The rest of a long one was hardly written to, so it is no memory, but for that of a huge page; and
    giving it back makes the allocator take fresh pages for the next one (a third of the time of a
    warm pass).
    """
    return n < LONG_RESULT or room > 2 * n


cdef Ids take_ids(Work* work):
    """The ids of a workspace, which has none then: a text's are not copied."""
    cdef Ids result = Ids()
    cdef uint32_t* fitted = NULL
    result.n = work.n_ids
    result.stride = 4
    bpe_settle_result(work.ids, 4 * work.room)
    if is_wasteful(work.n_ids, work.room):
        fitted = <uint32_t*>realloc(work.ids, 4 * work.n_ids + 4)
    result.ids = work.ids if fitted == NULL else fitted
    work.ids = NULL
    work.room = work.n_ids = 0
    return result
