"""Reads the tensors of a PyTorch state dict without PyTorch: of the legacy file format (torch.save before 1.6)
and of the one since, which is a zip archive.

A pickle is a program: unpickling it calls whatever it names. This is an interpreter of the few instructions
that a state dict needs, written out here; it knows three names (an ordered dictionary, a tensor's rebuilding,
storages of floats and integers) and calls nothing. Any other instruction or name is Damaged. Nesting lies
on a list, not on Python's stack; sizes are checked before they are believed.

Legacy layout: three pickles (a magic number, the protocol version, the machine), the state dict with storages
by persistent ids, a list of the storages' keys, and for each of these its element count and its numbers.
Archive: NAME/data.pkl with the state dict, NAME/data/KEY with the numbers of a storage, all uncompressed.
Instructions: Python's Lib/pickletools.py. A tensor's arguments: torch/_utils.py, _rebuild_tensor_v2.
"""

import array
import dataclasses
import io
import itertools
import math
import zipfile

from byte_reader import ByteReader, Damaged

MAGIC = 0x1950A86A20F9469CFC6C
PROTOCOL = 1001
# Half-precision numbers as their bits.
STORAGES = {("torch", "FloatStorage"): "f", ("torch", "HalfStorage"): "H", ("torch", "LongStorage"): "q"}
ORDERED_DICT = ("collections", "OrderedDict")
REBUILD = ("torch._utils", "_rebuild_tensor_v2")
# More nesting than any state dict has.
MAX_STACK = 1 << 20


@dataclasses.dataclass
class Global:
    name: tuple


@dataclasses.dataclass
class Storage:
    key: str
    code: str
    count: int
    values: array.array = None


@dataclasses.dataclass
class Tensor:
    storage: Storage
    offset: int
    shape: tuple
    strides: tuple


class Mark:
    pass


class Interpreter:
    """Runs pickles off one reader; storages are collected by their keys."""

    def __init__(self, reader):
        self.reader, self.storages = reader, {}

    def fail(self, what):
        self.reader.fail(what)

    def line(self, what):
        text = bytearray()
        while True:
            byte = self.reader.number("B", what)
            if byte == 0x0A:
                return text.decode("utf-8", errors="replace")
            text.append(byte)
            if len(text) > 256:
                self.fail(f"{what} is longer than 256 bytes")

    def load(self):
        """The value that one pickle makes."""
        stack, memo = [], {}

        def pop():
            if not stack or isinstance(stack[-1], Mark):
                self.fail("the pickle takes a value where there is none")
            return stack.pop()

        def pop_to_mark():
            values = []
            while stack and not isinstance(stack[-1], Mark):
                values.append(stack.pop())
            if not stack:
                self.fail("the pickle takes values to a mark where there is none")
            stack.pop()
            return values[::-1]

        def top(kind):
            if not stack or not isinstance(stack[-1], kind):
                self.fail(f"the pickle changes something that is no {kind.__name__}")
            return stack[-1]

        def set_items(values):
            target = top(dict)
            if len(values) % 2:
                self.fail("a key has no value")
            for key, value in zip(values[::2], values[1::2]):
                if not isinstance(key, (str, int)):
                    self.fail("a key is neither text nor number")
                target[key] = value

        number = self.reader.number
        while True:
            if len(stack) > MAX_STACK:
                self.fail("the pickle holds too many values at a time")
            op = bytes(self.reader.take(1, "an instruction"))
            if op == b"\x80":  # PROTO
                version = number("B", "the pickle's version")
                if version != 2:
                    self.fail(f"the pickle's version is {version}, known is 2")
            elif op == b".":  # STOP
                value = pop()
                if stack:
                    self.fail("the pickle ends with values left over")
                return value
            elif op == b"(":  # MARK
                stack.append(Mark())
            elif op in b"N\x88\x89":  # NONE, NEWTRUE, NEWFALSE
                stack.append({b"N": None, b"\x88": True, b"\x89": False}[op])
            elif op in b"JKM":  # BININT, BININT1, BININT2
                stack.append(number({b"J": "i", b"K": "B", b"M": "H"}[op], "a number"))
            elif op == b"\x8a":  # LONG1
                size = number("B", "a number's size")
                stack.append(int.from_bytes(self.reader.take(size, "a number"), "little", signed=True))
            elif op == b"X":  # BINUNICODE
                size = number("I", "a text's size")
                stack.append(bytes(self.reader.take(size, "a text")).decode("utf-8", errors="replace"))
            elif op == b"}":  # EMPTY_DICT
                stack.append({})
            elif op == b"]":  # EMPTY_LIST
                stack.append([])
            elif op == b")":  # EMPTY_TUPLE
                stack.append(())
            elif op == b"t":  # TUPLE
                stack.append(tuple(pop_to_mark()))
            elif op in b"\x85\x86\x87":  # TUPLE1, TUPLE2, TUPLE3
                values = [pop() for _ in range(op[0] - 0x84)]
                stack.append(tuple(values[::-1]))
            elif op == b"s":  # SETITEM
                value, key = pop(), pop()
                set_items([key, value])
            elif op == b"u":  # SETITEMS
                set_items(pop_to_mark())
            elif op == b"a":  # APPEND
                value = pop()
                top(list).append(value)
            elif op == b"e":  # APPENDS
                values = pop_to_mark()
                top(list).extend(values)
            elif op in b"qr":  # BINPUT, LONG_BINPUT
                if not stack:
                    self.fail("the pickle remembers a value where there is none")
                memo[number("B" if op == b"q" else "I", "a place")] = stack[-1]
            elif op in b"hj":  # BINGET, LONG_BINGET
                place = number("B" if op == b"h" else "I", "a place")
                if place not in memo:
                    self.fail(f"the pickle recalls the place {place}, where nothing is")
                stack.append(memo[place])
            elif op == b"c":  # GLOBAL
                stack.append(self.known(self.line("a module"), self.line("a name")))
            elif op == b"Q":  # BINPERSID
                stack.append(self.storage(pop()))
            elif op == b"R":  # REDUCE
                arguments, function = pop(), pop()
                stack.append(self.call(function, arguments))
            elif op == b"b":  # BUILD: attributes of the dictionary, which nothing reads
                pop()
                top(dict)
            else:
                self.fail(f"the instruction {op!r}, which no state dict needs")

    def known(self, module, name):
        if (module, name) not in (ORDERED_DICT, REBUILD, *STORAGES):
            self.fail(f"the name {module}.{name}, which is not let in")
        return Global((module, name))

    def storage(self, identity):
        """("storage", type, key, place, count, view), in archives without the last."""
        if not (isinstance(identity, tuple) and len(identity) in (5, 6) and identity[0] == "storage" and
                isinstance(identity[1], Global) and identity[1].name in STORAGES and
                isinstance(identity[2], str) and isinstance(identity[4], int) and
                identity[5:] in ((), (None,))):
            self.fail("a persistent id that is no storage")
        storage = Storage(identity[2], STORAGES[identity[1].name], identity[4])
        return self.storages.setdefault(storage.key, storage)

    def call(self, function, arguments):
        if not isinstance(function, Global) or not isinstance(arguments, tuple):
            self.fail("the pickle calls something that is no function")
        if function.name == ORDERED_DICT and arguments == ():
            return {}
        if function.name != REBUILD:
            self.fail(f"the pickle calls {'.'.join(function.name)}")
        sizes = arguments[2:4]
        if not (len(arguments) >= 4 and isinstance(arguments[0], Storage) and isinstance(arguments[1], int) and
                all(isinstance(s, tuple) and all(type(n) is int and n >= 0 for n in s) for s in sizes) and
                len(sizes[0]) == len(sizes[1]) and arguments[1] >= 0):
            self.fail("a tensor's arguments are not those of a tensor")
        return Tensor(arguments[0], arguments[1], *sizes)


def in_row_major_order(tensor):
    """The tensor's numbers; its strides may be any, such as those of weights that were transposed."""
    axes = [(size, stride) for size, stride in zip(tensor.shape, tensor.strides) if size != 1]
    if not axes:
        return tensor.storage.values[tensor.offset:tensor.offset + 1]
    size, stride = axes.pop()
    values = array.array(tensor.storage.code)
    for places in itertools.product(*(range(0, size * stride, stride) if stride else [0] * size
                                      for size, stride in axes)):
        start = tensor.offset + sum(places)
        if stride:
            values.extend(tensor.storage.values[start:start + (size - 1) * stride + 1:stride])
        else:
            values.extend([tensor.storage.values[start]] * size)
    return values


def checked_state(state, reader):
    if not isinstance(state, dict) or not all(isinstance(t, Tensor) and isinstance(n, str) for n, t in state.items()):
        reader.fail("the file holds something that is no state dict: tensors by name")
    return state


def read_legacy(data, name):
    """The state dict, its storages filled."""
    reader = ByteReader(data, name)
    interpreter = Interpreter(reader)
    if interpreter.load() != MAGIC:
        reader.fail("not a PyTorch file: neither an archive nor the legacy format's magic number")
    if interpreter.load() != PROTOCOL:
        reader.fail(f"not a PyTorch file of protocol {PROTOCOL}")
    machine = interpreter.load()
    if not isinstance(machine, dict) or machine.get("little_endian") is not True:
        reader.fail("the file was not written by a little-endian machine")
    state = checked_state(interpreter.load(), reader)
    keys = interpreter.load()
    if not isinstance(keys, list):
        reader.fail("there is no list of storages")
    for key in keys:
        storage = interpreter.storages.get(key) if isinstance(key, str) else None
        if storage is None or storage.values is not None:
            reader.fail("a storage that no tensor has, or one that comes twice")
        if reader.number("q", "a storage's size") != storage.count:
            reader.fail(f"the storage {key} has another size than its tensors say")
        storage.values = array.array(storage.code, reader.numbers(storage.code, storage.count, "a storage"))
    return state


def read_archive(data, name):
    """The state dict, its storages filled."""
    def content(entry):
        # Entries lie as they are: nothing can unpack to more than the file holds.
        if entry.compress_type != zipfile.ZIP_STORED or entry.file_size > len(data):
            raise Damaged(f"{name}: '{entry.filename}' is compressed, which no state dict is")
        return archive.read(entry)

    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            entries = {entry.filename.partition("/")[2]: entry for entry in archive.infolist()}
            if "data.pkl" not in entries:
                raise Damaged(f"{name}: the archive holds no data.pkl: not a PyTorch file")
            if "byteorder" in entries and content(entries["byteorder"]) != b"little":
                raise Damaged(f"{name}: the file was not written by a little-endian machine")
            reader = ByteReader(content(entries["data.pkl"]), f"{name}: data.pkl")
            interpreter = Interpreter(reader)
            state = checked_state(interpreter.load(), reader)
            for key, storage in interpreter.storages.items():
                entry = entries.get(f"data/{key}")
                if entry is None:
                    raise Damaged(f"{name}: the numbers of the storage {key} are missing")
                numbers = ByteReader(content(entry), f"{name}: data/{key}")
                storage.values = array.array(storage.code, numbers.numbers(storage.code, storage.count, "a storage"))
    except (zipfile.BadZipFile, zipfile.LargeZipFile, NotImplementedError, RuntimeError, EOFError) as error:
        raise Damaged(f"{name}: a broken archive: {error}") from error
    return state


def read_state_dict(data, name):
    """Names, and (shape, array.array) in row-major order. Raises Damaged."""
    state = read_archive(data, name) if data[:4] == b"PK\3\4" else read_legacy(data, name)
    tensors = {}
    for tensor_name, tensor in state.items():
        if tensor.storage.values is None:
            raise Damaged(f"{name}: the numbers of '{tensor_name}' are missing")
        if 0 in tensor.shape:
            tensors[tensor_name] = (tensor.shape, array.array(tensor.storage.code))
            continue
        last = tensor.offset + sum((size - 1) * stride for size, stride in zip(tensor.shape, tensor.strides))
        if last >= tensor.storage.count or math.prod(tensor.shape) > tensor.storage.count:
            raise Damaged(f"{name}: '{tensor_name}' reaches beyond its storage")
        tensors[tensor_name] = (tensor.shape, in_row_major_order(tensor))
    return tensors
