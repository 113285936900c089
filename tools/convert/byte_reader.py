"""Reads numbers and strings off the front of bytes that may be cut or damaged.

Every read is checked against what is left, so that a hostile count can neither read beyond the end nor ask
for memory that the file does not have.
"""

import struct


class Damaged(Exception):
    """The file is not what it says it is; the text says where and why."""


class ByteReader:
    def __init__(self, data, name):
        self._data, self._place, self._name = memoryview(data), 0, name

    def fail(self, what):
        raise Damaged(f"{self._name}: at byte {self._place}: {what}")

    @property
    def left(self):
        return len(self._data) - self._place

    @property
    def place(self):
        return self._place

    def take(self, size, what):
        if size < 0 or size > self.left:
            self.fail(f"{what} needs {size} bytes, {self.left} are left")
        taken = self._data[self._place:self._place + size]
        self._place += size
        return taken

    def numbers(self, code, count, what):
        """`count` little-endian numbers of struct's type `code`."""
        size = struct.calcsize("<" + code)
        if count < 0 or count > self.left // size:
            self.fail(f"{what}: {count} numbers of {size} bytes, {self.left} bytes are left")
        return struct.unpack(f"<{count}{code}", self.take(count * size, what))

    def number(self, code, what):
        return self.numbers(code, 1, what)[0]
