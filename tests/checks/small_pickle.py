"""State dicts of a few tensors, pickled by hand, for the tests of the converters."""

import io
import struct
import zipfile


def text(value):
    data = value.encode()
    return b"X" + struct.pack("<I", len(data)) + data


def number(value):
    return b"J" + struct.pack("<i", value)


def tuple_of(*values):
    return b"(" + b"".join(values) + b"t"


def glob(module, name):
    return f"c{module}\n{name}\n".encode()


def storage(key, count, kind="FloatStorage"):
    return tuple_of(text("storage"), glob("torch", kind), text(key), text("cpu"), number(count), b"N") + b"Q"


def tensor(key, count, shape, strides, offset=0, kind="FloatStorage"):
    sizes = tuple_of(*map(number, shape)), tuple_of(*map(number, strides))
    return (glob("torch._utils", "_rebuild_tensor_v2") +
            tuple_of(storage(key, count, kind), number(offset), *sizes, b"\x89",
                     glob("collections", "OrderedDict") + b")R") + b"R")


def pickled(body):
    return b"\x80\x02" + body + b"."


def state_dict(entries):
    """`entries`: names and pickled tensors."""
    body = glob("collections", "OrderedDict") + b")R("
    return pickled(body + b"".join(text(name) + value for name, value in entries) + b"u")


def archive(entries, storages, compression=zipfile.ZIP_STORED):
    """What torch.save writes since 1.6. `storages`: keys and arrays."""
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", compression) as out:
        out.writestr("model/data.pkl", state_dict(entries))
        out.writestr("model/byteorder", "little")
        for key, values in storages:
            out.writestr(f"model/data/{key}", values.tobytes())
    return file.getvalue()
