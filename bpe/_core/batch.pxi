# Many texts at once, by several threads if that pays.
#
# The texts are dealt out in shares: of what is left a third for each thread, and some 64 KB at least.  A
# thread takes a share, encodes it without the interpreter, then makes its lists while the others
# encode.  To wait for the interpreter costs as long as to encode tens of kilobytes: so the shares
# are large, while there is much to do.
#
# The lists are hidden from the garbage collector until all are made: it would be started by every
# 700th, and look at each of them, which hold nothing but ints, several times (half of the time).

cdef extern from "Python.h":
    void untrack "PyObject_GC_UnTrack"(object)
    void track "PyObject_GC_Track"(object)

# A character that is not ASCII counts as two bytes.
cdef enum:
    SHARE = 1 << 16          # bytes, of the smallest
    WORTH_A_THREAD = 1 << 18 # bytes: half a millisecond of work, several times a thread's start

cdef struct Item:
    PyObject* text
    const uint8_t* p    # its UTF-8, if there is one; else it is written by the thread that encodes it
    Py_ssize_t n        # bytes, or characters; then ids


cdef inline Py_ssize_t size_of(const Item* item) noexcept nogil:
    return item.n if item.p != NULL else 2 * item.n


cdef class Batch:
    """The texts of one call, and how far they are."""

    cdef CompiledCore core
    cdef list texts               # keeps what the items point to; nobody else has this list
    cdef CompiledSpecialSet set   # keep what `specials` and `refused` point to
    cdef CompiledSpecialSet refused_set
    cdef list results
    cdef Item* items
    cdef Py_ssize_t n
    cdef Py_ssize_t given         # items that a thread has taken
    cdef Py_ssize_t left          # bytes of the others
    cdef Py_ssize_t threads
    cdef const Specials* specials
    cdef const Specials* refused
    cdef bint count_only
    cdef object lock
    cdef object error

    def __cinit__(self, CompiledCore core, list texts, CompiledSpecialSet specials, CompiledSpecialSet refused, bint count_only):
        cdef Py_ssize_t i
        cdef Item* item
        self.core = core
        self.texts = texts
        self.set = specials
        self.refused_set = refused
        self.n = len(texts)
        self.count_only = count_only
        self.specials = set_of(specials)
        self.refused = set_of(refused)
        self.items = <Item*>malloc(self.n * sizeof(Item) + 1)
        if self.items == NULL:
            raise MemoryError
        for i in range(self.n):
            text = texts[i]
            if type(text) is not str:
                raise TypeError("text must be a str")
            make_ready(text)
            item = &self.items[i]
            item.text = <PyObject*>text
            item.p = NULL
            item.n = PyUnicode_GET_LENGTH(text)
            if PyUnicode_IS_ASCII(text):
                item.p = <const uint8_t*>PyUnicode_DATA(text)
            elif self.specials != NULL and item.n > stretch:  # a stretch might cut one of them
                item.p = <const uint8_t*>PyUnicode_AsUTF8AndSize(text, &item.n)
        self.results = [None] * self.n

    def __dealloc__(self):
        free(self.items)

    cdef Py_ssize_t size(self):
        cdef Py_ssize_t total = 0
        cdef Py_ssize_t i
        for i in range(self.n):
            total += size_of(&self.items[i])
        return total

    cdef Py_ssize_t take(self, Py_ssize_t* end):
        """The next share: its first item, and behind its last one."""
        cdef Py_ssize_t first, size, share
        with self.lock:
            first = self.given
            share = max(SHARE, self.left // (3 * self.threads)) if self.threads > 1 else SHARE
            size = 0
            while self.given < self.n and size < share:
                size += size_of(&self.items[self.given])
                self.given += 1
            self.left -= size
            end[0] = self.given
        return first

    def run(self, bint helps=False):
        """Encode shares until there are none; what fails is raised by the caller's thread.

        A thread that only helps, and for which there is no memory, leaves the work to the others.
        """
        cdef Workspace w
        try:
            try:
                w = self.core.pool.take()
            except MemoryError:
                if helps:
                    return
                raise
            try:
                while self.error is None and self.run_share(w):
                    pass
            finally:
                self.core.pool.give(w)
        except BaseException as error:
            self.error = error

    cdef bint run_share(self, Workspace w) except -1:
        cdef Py_ssize_t first, end, i
        cdef Py_ssize_t total = 0
        cdef Py_ssize_t got = 0
        cdef Work* work = w.work
        cdef Drain counting
        cdef Drain* drain = &counting if self.count_only else NULL
        cdef Item* item
        cdef bint made
        memset(&counting, 0, sizeof(counting))
        counting.counts = True
        first = self.take(&end)
        if first == end:
            return False
        with nogil:
            work.n_ids = 0
            for i in range(first, end):
                item = &self.items[i]
                self.core.meet(work, item.n)
                if item.p == NULL:
                    got = self.core.append_text(work, item.text, self.specials, self.refused, drain)
                else:
                    got = self.core.append_ids(work, item.p, item.n, self.specials, self.refused, drain)
                if got < 0:
                    break
                item.n = got
        checked(got)
        made = not self.count_only and self.core.numbers_made(self.set, work.n_ids)
        for i in range(first, end):
            if self.count_only:
                self.results[i] = self.items[i].n
            else:
                result = make_list(work.ids + total, self.items[i].n, made)
                untrack(result)
                self.results[i] = result
                total += self.items[i].n
        return True


cdef list run_batch(CompiledCore core, texts, CompiledSpecialSet specials, CompiledSpecialSet refused, num_threads, bint count_only):
    cdef Batch batch = Batch(core, list(texts), specials, refused, count_only)
    cdef Py_ssize_t size = batch.size()
    if num_threads == 0:
        num_threads = min(size // WORTH_A_THREAD, cpus())
    num_threads = min(num_threads, batch.n, size // SHARE + 1)
    batch.left = size
    batch.threads = max(num_threads, 1)
    if num_threads < 2:
        batch.lock = NoLock()
        batch.run()
    else:
        run_threads(batch, num_threads)
    if batch.error is not None:
        raise batch.error
    if not count_only:
        for result in batch.results:
            track(result)
    return batch.results


cdef int run_threads(Batch batch, Py_ssize_t n) except -1:
    """Run the batch in n threads, this one among them; none of them outlives the call."""
    import threading
    batch.lock = threading.Lock()
    threads = []
    try:
        for _ in range(n - 1):
            thread = threading.Thread(target=batch.run, args=(True,), daemon=True)
            try:
                thread.start()
            except RuntimeError:  # no more of them: those that started do the work
                break
            threads.append(thread)
        batch.run()
        for thread in threads:
            thread.join()
    except BaseException as error:
        batch.error = error
        for thread in threads:
            thread.join()
        raise
    return 0


cdef class NoLock:
    """The lock of a batch that one thread works on."""

    def __enter__(self):
        return self

    def __exit__(self, *error):
        return None


cdef int cpus() except -1:
    """Processors that this process may use."""
    import os
    try:
        return len(os.sched_getaffinity(0))
    except AttributeError:
        return os.cpu_count() or 1
