"""libgradmimic called with torch's tensors, on the device they lie on."""
import ctypes
import json
import os
import sys

import torch

# The structs are those of the Python package beside the library.
sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "../../native/python/src"))

from gradmimic._abi import Array, Queue  # noqa: E402

CPU, CUDA = 0, 1
F32, F16, BF16, F64, I64 = range(5)
NORMED_PROJ = 3
DTYPES = {torch.float32: F32, torch.float16: F16, torch.bfloat16: BF16, torch.float64: F64, torch.int64: I64}


def array(tensor):
    """A tensor as an argument. The emulator's device has the host's memory."""
    strides = list(tensor.stride())
    return Array(tensor.data_ptr(), DTYPES[tensor.dtype], tensor.dim(), (ctypes.c_int64 * 3)(*tensor.shape), (ctypes.c_int64 * 3)(*strides),
                 int(tensor.is_cuda or Library.any_emulated), max(tensor.get_device(), 0))


class Library:
    """`device`: where torch's tensors lie. "emulated": on the CPU, while the library is one whose GM_CUDA is the tests' emulator,
    for rehearsals on a machine without a GPU."""

    any_emulated = False

    def __init__(self, path, device="cuda"):
        self.c = ctypes.CDLL(path)
        self.c.gm_last_error.restype = ctypes.c_char_p
        self.c.gm_version.restype = ctypes.c_char_p
        self.emulated = Library.any_emulated = device == "emulated"
        self.device = "cpu" if self.emulated else device
        if device != "cpu":
            self.check(self.c.gm_cuda_available())

    def check(self, status):
        if status != 0:
            raise RuntimeError(self.c.gm_last_error().decode())

    def queue(self):
        """Torch's stream of this moment."""
        if self.device != "cuda":
            return Queue(CUDA if self.emulated else CPU, 0, None)
        return Queue(CUDA, torch.cuda.current_device(), torch.cuda.current_stream().cuda_stream)

    def operation(self, name, args, keep):
        """A call without arguments on torch's stream of that moment; `keep` lives as long as it."""
        run, size = getattr(self.c, f"gm_{name}"), getattr(self.c, f"gm_{name}_workspace_size", None)
        workspace = ()
        if size is not None:
            bytes_needed = ctypes.c_size_t()
            self.check(size(ctypes.byref(self.queue()), ctypes.byref(args), ctypes.byref(bytes_needed)))
            scratch = torch.empty(max(bytes_needed.value, 1), dtype=torch.uint8, device=self.device)
            workspace = (ctypes.c_void_p(scratch.data_ptr()), ctypes.c_size_t(scratch.numel()))
            keep = (keep, scratch)

        def call():
            self.check(run(ctypes.byref(self.queue()), ctypes.byref(args), *workspace))

        call.keep = (args, keep)
        return call


def write(path, document):
    """As JSON; what was there stays until all of it is written."""
    os.makedirs(os.path.dirname(os.path.abspath(path)), exist_ok=True)
    with open(path + ".tmp", "w") as file:
        json.dump(document, file, indent=1)
        file.write("\n")
    os.replace(path + ".tmp", path)
