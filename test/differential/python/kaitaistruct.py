"""What of Kaitai's Python runtime the code for formats/ calls, for machines that have no package of it."""
from enum import Enum
from io import BytesIO

API_VERSION = (0, 11)
__version__ = "0.11"

__all__ = ["BytesIO", "KaitaiStream", "KaitaiStruct", "Enum"]


class KaitaiStruct:
    def __init__(self, stream):
        self._io = stream


class KaitaiStream:
    def __init__(self, io):
        self._io = io
        self._bits = 0
        self._left = 0

    def align_to_byte(self):
        self._bits = 0
        self._left = 0

    def read_bits_int_le(self, width):
        while self._left < width:
            self._bits |= self._take(1)[0] << self._left
            self._left += 8
        value = self._bits & ((1 << width) - 1)
        self._bits >>= width
        self._left -= width
        return value

    def _take(self, count):
        taken = self._io.read(count)
        if len(taken) < count:
            raise EOFError("requested %d bytes, but only %d are left" % (count, len(taken)))
        return taken

    def read_bytes(self, count):
        self.align_to_byte()
        return self._take(count)

    def __getattr__(self, name):
        """read_u1, read_s1, read_u2le, ... read_s8be."""
        kind, order = name[5:7], name[7:]
        if name[:5] != "read_" or kind[:1] not in ("u", "s") or kind[1:] not in ("1", "2", "4", "8"):
            raise AttributeError(name)
        endian = "big" if order == "be" else "little"
        return lambda: int.from_bytes(self.read_bytes(int(kind[1:])), endian, signed=kind[0] == "s")

    @staticmethod
    def resolve_enum(enum, value):
        try:
            return enum(value)
        except ValueError:
            return value
