# What a call needs for itself.

cdef enum:
    SHORT_TEXT = 2048       # bytes that are encoded before another thread could take over
    MUCH_TEXT = 1 << 15     # bytes after which learning the vocabulary pays
    MOST_ROOM = 1 << 22     # ids that a workspace keeps room for


cdef class Workspace:
    """What one call needs for itself; taken from the core's pool and given back."""

    cdef Work* work

    def __cinit__(self, int bits):
        self.work = <Work*>calloc(1, sizeof(Work))
        if self.work == NULL or open_cache(&self.work.cache, bits) < 0:
            raise MemoryError

    def __dealloc__(self):
        if self.work != NULL:
            close_cache(&self.work.cache)
            free(self.work.ids)
            free(self.work)
