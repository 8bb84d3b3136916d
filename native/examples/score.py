#!/usr/bin/env python3
"""score.c by ctypes: the same batch, the same calls, the same table. Needs Python and libgradmimic.

    python3 score.py [path of libgradmimic.so]

Tensors of PyTorch or NumPy go in as they are: data_ptr() or ctypes.data for `data`, strides in elements.
"""
import ctypes
import math
import struct
import sys
from ctypes import POINTER, Structure, byref, c_char_p, c_double, c_float, c_int32, c_int64, c_size_t, c_void_p

B, I, C, WRONG = 10, 128, 5, 6
GM_ABI_VERSION = 2
GM_OK = 0
GM_REFERENCE = 2
GM_F32, GM_F64, GM_I64 = 0, 3, 4
GM_NORMED_PROJ = 3


class Queue(Structure):
    _fields_ = [("provider", c_int32), ("device", c_int32), ("stream", c_void_p)]


class Array(Structure):
    # device_type and device stay 0, which is the host; for a tensor on CUDA device n they are 1 and n.
    _fields_ = [
        ("data", c_void_p),
        ("dtype", c_int32),
        ("rank", c_int32),
        ("shape", c_int64 * 3),
        ("stride", c_int64 * 3),
        ("device_type", c_int32),
        ("device", c_int32),
    ]


class Weighting(Structure):
    _fields_ = [("kind", c_int32), ("rho_attached", c_int32), ("temperature", c_double), ("lambda_", c_double)]


class DirectionArgs(Structure):
    _fields_ = [
        ("count", c_int64),
        ("reference", POINTER(Array)),
        ("parameter", POINTER(Array)),
        ("direction", POINTER(Array)),
        ("norm_squared", POINTER(c_double)),
        ("total_norm_squared", POINTER(c_double)),
        ("parameter_norm_squared", POINTER(c_double)),
    ]


class HeadScoreArgs(Structure):
    _fields_ = [
        ("features", Array),
        ("labels", Array),
        ("weight", Array),
        ("bias", Array),
        ("direction", Array),
        ("direction_norm_squared", POINTER(c_double)),
        ("loss", Array),
        ("score", Array),
        ("gradient_norm", Array),
        ("non_finite", POINTER(c_int64)),
    ]


class MimicWeightsArgs(Structure):
    _fields_ = [
        ("score", Array),
        ("gradient_norm", Array),
        ("direction_norm_squared", POINTER(c_double)),
        ("weighting", Weighting),
        ("weight", Array),
        ("non_finite", POINTER(c_int64)),
    ]


class GradmimicError(Exception):
    """A call that failed; the text is the library's own."""


class Library:
    """libgradmimic with its functions declared; every failure is an exception."""

    def __init__(self, path):
        self._c = ctypes.CDLL(path)
        self._c.gm_last_error.restype = c_char_p
        self._c.gm_abi_version.restype = c_int32
        if self._c.gm_abi_version() != GM_ABI_VERSION:
            raise GradmimicError(f"{path} has ABI {self._c.gm_abi_version()}, expected {GM_ABI_VERSION}")

    def run(self, operation, args, queue=None):
        """Calls gm_<operation> with the workspace it asks for."""
        where = byref(queue) if queue is not None else None
        size = getattr(self._c, f"gm_{operation}_workspace_size")
        size.argtypes = [c_void_p, c_void_p, POINTER(c_size_t)]
        call = getattr(self._c, f"gm_{operation}")
        call.argtypes = [c_void_p, c_void_p, c_void_p, c_size_t]
        size_needed = c_size_t()
        self._check(size(where, byref(args), byref(size_needed)))
        workspace = ctypes.create_string_buffer(size_needed.value) if size_needed.value else None
        self._check(call(where, byref(args), workspace, size_needed.value))

    def _check(self, status):
        if status != GM_OK:
            raise GradmimicError(f"status {status}: {self._c.gm_last_error().decode()}")


def array(data, dtype, *shape):
    """A dense array over a ctypes buffer, which has to outlive it."""
    strides = [math.prod(shape[d + 1 :]) for d in range(len(shape))]
    return Array(ctypes.addressof(data), dtype, len(shape), (c_int64 * 3)(*shape), (c_int64 * 3)(*strides))


def f32(x):
    """x rounded to float, so that sums here round as in C."""
    return struct.unpack("f", struct.pack("f", x))[0]


class Numbers:
    """Numbers in [-1, 1) that are the same on every machine and in every language."""

    def __init__(self):
        self._state = 1

    def __call__(self):
        self._state = (self._state * 1664525 + 1013904223) % 2**32
        return (self._state >> 8) / 8388608.0 - 1.0


def score(library, queue, features, labels, head, reference, dtype):
    """[loss, score, |g|, weight], each a list of B numbers."""
    number = c_float if dtype == GM_F32 else c_double
    v = (c_float * (C * I))()
    norm_squared = c_double()
    parameter, direction = array(head, GM_F32, C, I), array(v, GM_F32, C, I)
    target = array(reference, GM_F32, C, I)
    arguments = DirectionArgs(1, ctypes.pointer(target), ctypes.pointer(parameter), ctypes.pointer(direction))
    arguments.total_norm_squared = ctypes.pointer(norm_squared)
    library.run("direction", arguments, queue)

    loss, scores, norm, weight = ((number * B)() for _ in range(4))
    scoring = HeadScoreArgs(
        features=array(features, GM_F32, B, I),
        labels=array(labels, GM_I64, B),
        weight=parameter,
        direction=direction,
        direction_norm_squared=ctypes.pointer(norm_squared),
        loss=array(loss, dtype, B),
        score=array(scores, dtype, B),
        gradient_norm=array(norm, dtype, B),
    )
    library.run("head_score", scoring, queue)

    weighting = Weighting(kind=GM_NORMED_PROJ, temperature=1.0)
    weights = MimicWeightsArgs(score=scoring.score, weighting=weighting, weight=array(weight, dtype, B))
    library.run("mimic_weights", weights, queue)
    return [list(x) for x in (loss, scores, norm, weight)]


def main():
    library = Library(sys.argv[1] if len(sys.argv) > 1 else "libgradmimic.so")
    number = Numbers()
    reference = (c_float * (C * I))(*[number() for _ in range(C * I)])  # knows the classes
    head = (c_float * (C * I))(*[number() * 0.125 for _ in range(C * I)])  # does not yet
    features, labels = (c_float * (B * I))(), (c_int64 * B)()
    for i in range(B):
        labels[i] = i % C
        for n in range(I):
            features[i * I + n] = f32(reference[labels[i] * I + n] * 0.5 + number() * 0.25)
    labels[WRONG] = (labels[WRONG] + 1) % C

    fast = score(library, None, features, labels, head, reference, GM_F32)
    exact = score(library, Queue(GM_REFERENCE), features, labels, head, reference, GM_F64)

    agree = True
    print("sample  label     loss    score      |g|   weight")
    for i in range(B):
        row = [column[i] for column in fast]
        note = "  away from the reference" if row[1] < 0 else ""
        print(f"{i:6d}  {labels[i]:5d} {row[0]:8.4f} {row[1]:8.4f} {row[2]:8.4f} {row[3]:8.4f}{note}")
        for name, x, column in zip(("loss", "score", "|g|", "weight"), row, exact):
            if not abs(x - column[i]) <= 1e-5 * (1 + abs(column[i])):
                print(f"score: {name} of sample {i} is {x:.9g}, but {column[i]:.9g} in double precision", file=sys.stderr)
                agree = False
        if (row[1] < 0) != (i == WRONG):
            print(f"score: sample {i} was not told from the mislabelled one", file=sys.stderr)
            agree = False
    return 0 if agree else 1


if __name__ == "__main__":
    try:
        sys.exit(main())
    except (OSError, GradmimicError) as error:
        sys.exit(f"score: {error}")
