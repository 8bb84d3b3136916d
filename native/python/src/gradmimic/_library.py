"""Finds and loads libgradmimic, describes arrays to it, and runs its operations where the arrays are."""
from __future__ import annotations

import contextlib
import contextvars
import ctypes
import os
import sys
from functools import lru_cache
from pathlib import Path
from typing import Any, Iterator, Optional, Sequence

import numpy as np

from . import _abi as abi

ABI_VERSION = 2
CPU, CUDA, REFERENCE = 0, 1, 2

_DTYPES = {"float32": 0, "float16": 1, "bfloat16": 2, "float64": 3, "int64": 4}
_MAX_RANK = 3
_INVALID_ARGUMENT, _UNSUPPORTED, _NON_FINITE, _OUT_OF_MEMORY, _CUDA_FATAL = 1, 2, 3, 4, 7
_on_reference: contextvars.ContextVar[bool] = contextvars.ContextVar("gradmimic_on_reference", default=False)


class GradmimicError(RuntimeError):
    """An operation failed; the text names the operation, the argument and the shape."""


class InvalidArgumentError(GradmimicError, ValueError):
    """A shape, stride, dtype or value that the operation does not take."""


class UnsupportedError(GradmimicError):
    """A valid call that this library or this device cannot do; the text says who can."""


class NonFiniteError(GradmimicError, ArithmeticError):
    """No sample of the batch has a finite score."""


class OutOfMemoryError(GradmimicError, MemoryError):
    """The host or the device has too little memory."""


class FatalDeviceError(GradmimicError):
    """CUDA failed for the rest of this process; only a new process can go on."""


_ERRORS = {
    _INVALID_ARGUMENT: InvalidArgumentError,
    _UNSUPPORTED: UnsupportedError,
    _NON_FINITE: NonFiniteError,
    _OUT_OF_MEMORY: OutOfMemoryError,
    _CUDA_FATAL: FatalDeviceError,
}


@lru_cache(maxsize=1)
def library() -> ctypes.CDLL:
    """The library that GRADMIMIC_LIBRARY names, or else the one inside this package."""
    named = os.environ.get("GRADMIMIC_LIBRARY")
    path = Path(named) if named else Path(__file__).with_name("libgradmimic.so")
    if not path.is_file():
        raise OSError(
            f"{path}: no such library" if named else
            f"this installation of gradmimic has no {path.name}; install its wheel, or set GRADMIMIC_LIBRARY to the path of a built one")
    loaded = ctypes.CDLL(str(path))
    loaded.gm_last_error.restype = ctypes.c_char_p
    loaded.gm_version.restype = ctypes.c_char_p
    loaded.gm_cpu_isa.restype = ctypes.c_char_p
    if loaded.gm_abi_version() != ABI_VERSION:
        raise OSError(f"{path}: this library has ABI {loaded.gm_abi_version()}; this package needs ABI {ABI_VERSION}")
    return loaded


def check(status: int) -> None:
    """Turns a gm_status that is not GM_OK into an exception with the library's message."""
    if status != 0:
        message = library().gm_last_error().decode()
        raise _ERRORS.get(status, GradmimicError)(message)


def version() -> str:
    """The library's version."""
    return str(library().gm_version().decode())


def cpu_isa() -> str:
    """The instruction set that the CPU kernels use here: "avx512", "avx2" or "portable"."""
    return str(library().gm_cpu_isa().decode())


def cpu_threads() -> int:
    """The most threads that the CPU kernels use: OpenMP's setting in the calling thread."""
    return int(library().gm_cpu_threads())


def cuda_unavailable_because() -> Optional[str]:
    """Why the library cannot use a GPU here; None if it can."""
    if library().gm_cuda_available() == 0:
        return None
    return str(library().gm_last_error().decode())


@contextlib.contextmanager
def on_reference() -> Iterator[None]:
    """Inside this context operations run in double precision and plain loops: slow, and what fast results are tested against."""
    token = _on_reference.set(True)
    try:
        yield
    finally:
        _on_reference.reset(token)


def is_torch(array: Any) -> bool:
    torch = sys.modules.get("torch")
    return torch is not None and isinstance(array, torch.Tensor)


def _dtype_name(array: Any) -> str:
    if is_torch(array):
        return str(array.dtype).rsplit(".", 1)[-1]
    return str(array.dtype.name) if array.dtype.isnative else f"byte-swapped {array.dtype.name}"


def describe(name: str, array: Any, *, output: bool = False) -> abi.Array:
    """The gm_array of a NumPy array or a torch tensor, without a copy; an absent one for None.

    Raises TypeError or InvalidArgumentError, which name the argument, for what the library cannot see as an array.
    """
    if array is None:
        return abi.Array()
    if not is_torch(array) and not isinstance(array, np.ndarray):
        raise TypeError(f"{name} is a {type(array).__name__}; expected a NumPy array or a torch tensor")
    dtype = _dtype_name(array)
    if dtype not in _DTYPES:
        raise InvalidArgumentError(f"{name} has dtype {dtype}; expected one of {', '.join(_DTYPES)}")
    shape = tuple(array.shape)
    if not 1 <= len(shape) <= _MAX_RANK:
        raise InvalidArgumentError(f"{name} has shape {list(shape)}; expected 1 to {_MAX_RANK} dimensions")
    if is_torch(array):
        import torch

        if array.layout != torch.strided or array.device.type not in ("cpu", "cuda") or array.is_neg():
            raise InvalidArgumentError(f"{name} is not a dense tensor in the memory of a CPU or a CUDA device")
        if output and array.requires_grad:
            raise InvalidArgumentError(f"{name} requires a gradient; an output must not")
        address, strides = array.data_ptr(), list(array.stride())
        on_cuda, index = array.device.type == "cuda", max(array.get_device(), 0)
    else:
        if output and not array.flags.writeable:
            raise InvalidArgumentError(f"{name} is read-only; an output must be writeable")
        if any(stride % array.itemsize for stride in array.strides):
            raise InvalidArgumentError(f"{name} has strides of {list(array.strides)} bytes, which are no whole elements")
        address, strides = array.ctypes.data, [stride // array.itemsize for stride in array.strides]
        on_cuda, index = False, 0
    if 0 in shape:
        raise InvalidArgumentError(f"{name} has shape {list(shape)}; it is empty")
    sizes = ctypes.c_int64 * _MAX_RANK
    return abi.Array(address, _DTYPES[dtype], len(shape), sizes(*shape), sizes(*strides), int(on_cuda), index)


def new(like: Any, shape: Sequence[int], dtype: str) -> Any:
    """An array of the same framework and on the same device as `like`, its elements undefined."""
    if is_torch(like):
        import torch

        return torch.empty(tuple(shape), dtype=getattr(torch, dtype), device=like.device)
    return np.empty(tuple(shape), dtype)


def number_dtype(array: Any) -> str:
    """The dtype of statistics that are made from `array`: float64 where it is, float32 elsewhere."""
    return "float64" if _dtype_name(array) == "float64" else "float32"


def address(name: str, array: Any, count: int, dtype: str) -> Optional[int]:
    """The address of `count` numbers that the library reads or writes through a plain pointer."""
    if array is None:
        return None
    described = describe(name, array)
    if described.dtype != _DTYPES[dtype] or described.rank != 1 or described.shape[0] != count or described.stride[0] != 1:
        raise InvalidArgumentError(f"{name} is a {_dtype_name(array)} of shape {list(array.shape)}; expected {dtype} of shape [{count}]")
    return int(described.data)


def run(operation: str, args: ctypes.Structure, like: Any) -> None:
    """Calls gm_<operation> on the device of `like`, on torch's stream of this moment, with the workspace it asks for."""
    c = library()
    if _on_reference.get():
        queue = abi.Queue(REFERENCE, 0, None)
    elif is_torch(like) and like.device.type == "cuda":
        import torch

        queue = abi.Queue(CUDA, like.get_device(), torch.cuda.current_stream(like.device).cuda_stream)
    else:
        queue = abi.Queue(CPU, 0, None)
    where, arguments = ctypes.byref(queue), ctypes.byref(args)
    call = getattr(c, f"gm_{operation}")
    size = getattr(c, f"gm_{operation}_workspace_size", None)
    if size is None:
        check(call(where, arguments))
        return
    needed = ctypes.c_size_t()
    check(size(where, arguments, ctypes.byref(needed)))
    # On a GPU the workspace goes back to torch's allocator at once: what takes it next runs later on the same stream.
    workspace = new(like, [max(needed.value, 1)], "uint8")
    pointer = workspace.data_ptr() if is_torch(workspace) else workspace.ctypes.data
    check(call(where, arguments, ctypes.c_void_p(pointer), needed))
