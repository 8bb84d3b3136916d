"""Writes small ONNX files with the features that torch computes, for OnnxBackboneTest, to src/test/resources/onnx.

    python3 make_onnx.py ../resources/onnx     (torch 2.13, onnx 1.23, onnxscript 0.7)
"""

import pathlib
import sys

import onnx
import torch
from safetensors.torch import save_file
from torch import nn

folder = pathlib.Path(sys.argv[1])
folder.mkdir(parents=True, exist_ok=True)
torch.manual_seed(4)


class Net(nn.Module):
    """A patch embedding, attention and a projection: what a small ViT consists of."""

    def __init__(self):
        super().__init__()
        self.patches = nn.Conv2d(3, 16, 8, 8)
        self.norm = nn.LayerNorm(16)
        self.attention = nn.MultiheadAttention(16, 2, batch_first=True)
        self.mlp = nn.Sequential(nn.Linear(16, 32), nn.GELU(), nn.Linear(32, 12))

    def forward(self, x):
        x = self.patches(x).flatten(2).transpose(1, 2)
        y = self.norm(x)
        x = x + self.attention(y, y, y, need_weights=False)[0]
        return self.mlp(x.mean(1))


class Two(nn.Module):
    def __init__(self, net):
        super().__init__()
        self.net = net

    def forward(self, x):
        features = self.net(x)
        return features.softmax(1), features


net = Net().eval()
pixels = torch.randint(0, 256, (5, 16, 16, 3), dtype=torch.uint8)
images = (pixels.permute(0, 3, 1, 2).float() / 255 - 0.5) / 0.25
export = dict(input_names=["images"], dynamo=True, external_data=False)
batch = {"x": {0: torch.export.Dim("n")}}
torch.onnx.export(net, (images,), folder / "net.onnx", output_names=["features"], dynamic_shapes=batch, **export)
torch.onnx.export(net, (images[:2],), folder / "two_at_a_time.onnx", output_names=["features"], **export)
torch.onnx.export(
    Two(net).eval(), (images,), folder / "outputs.onnx", output_names=["chances", "features"], dynamic_shapes=batch, **export
)
for path in folder.glob("*.onnx"):
    # Traces of this program's stack are most of a small file.
    model = onnx.load(path)
    for part in (model, model.graph, *model.graph.node, *model.graph.input, *model.graph.output, *model.graph.value_info,
                 *model.graph.initializer, *model.functions):
        del part.metadata_props[:]
        part.doc_string = ""
    del model.graph.value_info[:]
    onnx.save(model, path)
with torch.no_grad():
    save_file({"images": pixels, "features": net(images)}, folder / "expected.safetensors")
