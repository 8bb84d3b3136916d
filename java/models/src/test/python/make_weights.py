"""Writes the torch files that TorchFileTest reads into src/test/resources/weights.

    python3 make_weights.py ../resources/weights        (torch 2.13)
"""

import collections
import pathlib
import sys

import torch

folder = pathlib.Path(sys.argv[1])

base = torch.arange(24, dtype=torch.float32).reshape(4, 6)
tensors = collections.OrderedDict(
    f32=base,
    f16=base.half(),
    bf16=base.bfloat16(),
    f64=base.double(),
    i64=base.long(),
    i32=base.int(),
    i16=base.short(),
    i8=base.char(),
    u8=base.byte(),
    bool=base > 11,
    scalar=torch.tensor(2.5),
    empty=torch.zeros(0, 3),
    transposed=base.t(),
    rows=base[1:3],
    column=base[:, 2],
    parameter=torch.nn.Parameter(torch.ones(2)),
)
torch.save(tensors, folder / "types.pt")
torch.save(dict(tensors), folder / "protocol4.pt", pickle_protocol=4)

linear = torch.nn.Linear(3, 2)
with torch.no_grad():
    linear.weight.copy_(torch.arange(6.0).reshape(2, 3))
    linear.bias.copy_(torch.tensor([6.0, 7.0]))
optimizer = torch.optim.AdamW(linear.parameters())
linear(torch.ones(1, 3)).sum().backward()
optimizer.step()
torch.save(
    {
        "epoch": 3,
        "name": "run",
        "done": False,
        "loss": 0.25,
        "state_dict": torch.nn.DataParallel(linear).state_dict(),
        "optimizer": optimizer.state_dict(),
    },
    folder / "wrapped.pt",
)
torch.save(linear.state_dict(), folder / "legacy.pt", _use_new_zipfile_serialization=False)
torch.save(linear, folder / "module.pt")
torch.save({"weight": linear.weight, "steps": [1, 2]}, folder / "mixed.pt")
torch.save([linear.weight], folder / "list.pt")
