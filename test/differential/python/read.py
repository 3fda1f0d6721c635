"""Reads records with the code that Kaitai compiles for Python: lines `module type parameters hex` in, JSON lines out."""
import importlib
import json
import sys
from enum import Enum

from kaitaistruct import BytesIO, KaitaiStream, KaitaiStruct


def plain(value, parameters=0):
    """Fields in the order in which they are read, after as many parameters; numbers as text: JSON's readers round them."""
    if isinstance(value, KaitaiStruct):
        fields = [field for name, field in vars(value).items() if not name.startswith("_")]
        return [plain(field) for field in fields[parameters:]]
    if isinstance(value, Enum):
        return str(value.value)
    if isinstance(value, (bool, int)):
        return str(int(value))
    if isinstance(value, bytes):
        return value.hex()
    return [plain(each) for each in value]


for line in sys.stdin:
    module, outer, name, parameters, data = line.rstrip("\n").split("\t")
    record = getattr(getattr(importlib.import_module(module), outer), name)
    given = [int(each) for each in parameters.split(",") if each != ""]
    stream = KaitaiStream(BytesIO(bytes.fromhex(data)))
    print(json.dumps(plain(record(*given, stream), len(given))))
