"""Reads files as NumPy, torch and tarfile do, and says what it found: the other half of PythonTest.

  read.py KIND        files from stdin, each after its length in 4 bytes; a line for each

A line is "read " and a description, or "refused " and a reason. Descriptions are those of Descriptions.java.
"""
import io
import re
import resource
import signal
import struct
import sys
import tarfile
import warnings
import zlib

SECONDS = 20
ADDRESS_SPACE = 16 << 30


def crc(data):
    return format(zlib.crc32(bytes(data)), "x")


def shown(name):
    """Text that both languages write alike; what is not ASCII is not compared."""
    return re.sub("[^!-~]+", "?", name)


def array(file):
    import numpy

    read = numpy.load(file, allow_pickle=False)
    if isinstance(read, numpy.ndarray):
        return read
    name, = (name for name in read.zip.namelist() if name.endswith(".npy"))
    return read[name]


def floats(values):
    import numpy

    with numpy.errstate(all="ignore"):
        single = numpy.ascontiguousarray(values).astype("<f4")
    single[numpy.isnan(single)] = numpy.nan  # of the NaNs, one
    return single.tobytes()


def npy(file):
    import numpy

    read = array(file)
    shape = "[" + ", ".join(map(str, read.shape)) + "]"
    if read.dtype.kind == "f":
        return f"float {shape} {crc(floats(read.reshape(-1)))}"
    if read.dtype.kind in "iu":
        return f"integer {shape} {crc(numpy.ascontiguousarray(read).astype('<i8').tobytes())}"
    if read.dtype.kind == "b":
        return f"boolean {shape} {crc((numpy.ascontiguousarray(read).reshape(-1).view(numpy.uint8) != 0).tobytes())}"
    raise ValueError(read.dtype)


def scores(file):
    read = array(file)
    if read.ndim == 1:
        read = read.reshape(1, -1)
    if read.ndim != 2 or read.dtype.kind != "f":
        raise ValueError("no matrix of scores")
    return f"{read.shape[0]} {read.shape[1]} {crc(floats(read.reshape(-1)))}"


def uids(file):
    read = array(file)
    high, low = (read[name].astype("<u8") for name in read.dtype.names)
    return f"{len(read)} {crc(high.tobytes())} {crc(low.tobytes())}"


WRAPPERS = ["state_dict_ema", "model_ema", "state_dict", "model_state_dict", "model", "module", "net", "network", "teacher", "student"]
PREFIXES = {"module", "_orig_mod", "model", "net", "network", "backbone", "teacher", "student"}


def types():
    import torch

    return {
        torch.float32: "F32", torch.float64: "F64", torch.float16: "F16", torch.bfloat16: "BF16", torch.int64: "I64",
        torch.int32: "I32", torch.int16: "I16", torch.int8: "I8", torch.uint8: "U8", torch.bool: "BOOL",
    }


def is_tensor(value):
    import torch

    return isinstance(value, torch.Tensor) and value.layout == torch.strided and value.dtype in types()


def state_dict(dictionary, depth=0):
    if depth < 4:
        for wrapper in WRAPPERS:
            inner = dictionary.get(wrapper)
            found = state_dict(inner, depth + 1) if isinstance(inner, dict) else None
            if found is not None:
                return found
    tensors = {name: value for name, value in dictionary.items() if isinstance(name, str) and is_tensor(value)}
    return tensors or None


def without_prefixes(tensors):
    while True:
        names = [name for name in tensors if name != "n_averaged"]
        first = names[0].split(".")[0] if names and "." in names[0] else None
        prefix = f"{first}."
        if first not in PREFIXES or not all(name.startswith(prefix) and len(name) > len(prefix) for name in names):
            return tensors
        tensors = {name[len(prefix):]: tensors[name] for name in names}


def weights(file):
    import torch

    read = torch.load(file, weights_only=True, map_location="cpu")
    tensors = state_dict(read) if isinstance(read, dict) else None
    if tensors is None:
        raise ValueError("no state dict")
    lines = []
    for name, tensor in without_prefixes(tensors).items():
        data = tensor.detach().contiguous().reshape(-1).view(torch.uint8).numpy().tobytes() if tensor.numel() else b""
        shape = "[" + ", ".join(map(str, tensor.shape)) + "]"
        lines.append(f"{shown(name)} {types()[tensor.dtype]} {shape} {crc(data)}")
    return "; ".join(sorted(lines))


class Member(tarfile.TarInfo):
    """tarfile passes over headers that are damaged where it goes on behind blocks of zeros."""

    @classmethod
    def fromtarfile(cls, archive):
        try:
            return super().fromtarfile(archive)
        except (tarfile.EOFHeaderError, tarfile.EmptyHeaderError):
            raise
        except tarfile.HeaderError as e:
            raise ValueError(e) from e


def tar(file):
    lines = []
    with tarfile.open(fileobj=file, encoding="utf-8", errors="surrogateescape", ignore_zeros=True, tarinfo=Member) as archive:
        for info in archive:
            kind = (
                "SPARSE" if info.issparse() else "FILE" if info.isreg() else "DIRECTORY" if info.isdir() else "SYMBOLIC_LINK"
                if info.issym() else "HARD_LINK" if info.islnk() else "OTHER"
            )
            content = archive.extractfile(info).read() if kind == "FILE" else b""
            name = info.name
            while name.startswith("./"):
                name = name[2:]
            lines.append(f"{shown(name.rstrip('/'))} {kind} {len(content)} {crc(content)}")
    return "; ".join(lines)


def late(*_):
    raise TimeoutError("takes too long")


def main():
    __import__({"torch-zip": "torch", "pickle": "torch", "tar": "tarfile"}.get(sys.argv[1], "numpy"))  # takes long, at first
    read = {"npy": npy, "npz": npy, "npy-scores": scores, "npy-uids": uids, "torch-zip": weights, "pickle": weights, "tar": tar}[sys.argv[1]]
    warnings.simplefilter("ignore")
    resource.setrlimit(resource.RLIMIT_AS, (ADDRESS_SPACE, ADDRESS_SPACE))
    signal.signal(signal.SIGALRM, late)
    while True:
        length = sys.stdin.buffer.read(4)
        if len(length) < 4:
            return
        data = sys.stdin.buffer.read(struct.unpack(">I", length)[0])
        signal.alarm(SECONDS)
        try:
            answer = "read " + read(io.BytesIO(data))
        except Exception as e:  # whatever it is, the file was not read
            answer = "refused " + type(e).__name__ + " " + shown(str(e))[:200]
        signal.alarm(0)
        print(answer, flush=True)


main()
