"""Writes features of images as timm, open_clip and transformers compute them, for FeaturesTest and EmbedModelTest.

    python3 make_features.py ../resources/checkpoints ../resources/features
    (torch 2.13, timm 1.0, open_clip 3.3, transformers 5.18, Pillow 12.3; after make_checkpoints.py)

Each library prepares the images itself. The checkpoints of timm and transformers are those of make_checkpoints.py.
openai.pt is a small CLIP as OpenAI distributes it: a TorchScript archive in half precision.
"""

import gzip
import json
import pathlib
import sys
import tempfile
import zipfile

import numpy
import open_clip
import timm
import torch
from open_clip.tokenizer import SimpleTokenizer
from PIL import Image
from safetensors.torch import load_file, save_file
from transformers import CLIPImageProcessorPil, CLIPModel, ViTForImageClassification, ViTImageProcessorPil

checkpoints, folder = map(pathlib.Path, sys.argv[1:])
torch.manual_seed(2)
torch.set_grad_enabled(False)

SIZES = [(40, 48), (56, 40), (32, 32)]
CAPTIONS = ["a photo of a dog", "the red vintage photograph of an old house by the sea", ""]
OPENAI = {
    "embed_dim": 12,
    "quick_gelu": True,
    "vision_cfg": {"image_size": 32, "layers": 2, "width": 16, "head_width": 8, "patch_size": 16},
    "text_cfg": {"context_length": 8, "vocab_size": 666, "width": 16, "heads": 2, "layers": 1},
}


def images():
    """Smooth ones with some noise, so that every step of scaling matters."""
    made = []
    generator = numpy.random.default_rng(3)
    for i, (height, width) in enumerate(SIZES):
        y, x = numpy.mgrid[0:height, 0:width]
        waves = [numpy.sin((y * (c + 1) + x * (3 - c)) / (6 + i)) for c in range(3)]
        pixels = 128 + 90 * numpy.stack(waves, -1) + generator.normal(0, 20, (height, width, 3))
        made.append(Image.fromarray(pixels.clip(0, 255).astype(numpy.uint8)))
    return made


pictures = images()
(folder / "images/a").mkdir(parents=True, exist_ok=True)
for i, picture in enumerate(pictures):
    picture.save(folder / f"images/a/{i}.png", optimize=True)
features = {}

# timm, with the settings of vit_base_patch16_224.
state = torch.load(checkpoints / "timm.pt", weights_only=False)["state_dict_ema"]
model = timm.models.VisionTransformer(
    img_size=32, patch_size=16, embed_dim=24, depth=2, num_heads=2, mlp_ratio=2, num_classes=3
).eval()
model.load_state_dict({name.removeprefix("module._orig_mod."): tensor for name, tensor in state.items()})
transform = timm.data.create_transform(
    input_size=32, interpolation="bicubic", mean=(0.5,) * 3, std=(0.5,) * 3, crop_pct=0.9, is_training=False
)
batch = torch.stack([transform(picture) for picture in pictures])
features["timm"] = model.forward_head(model.forward_features(batch), pre_logits=True)

# The same for images of 64x64 pixels, with the position embeddings resampled.
large = timm.models.VisionTransformer(
    img_size=64, patch_size=16, embed_dim=24, depth=2, num_heads=2, mlp_ratio=2, num_classes=3
).eval()
positions = timm.layers.resample_abs_pos_embed(model.pos_embed, new_size=(4, 4))
large.load_state_dict({**model.state_dict(), "pos_embed": positions})
features["timm_positions"] = positions
transform = timm.data.create_transform(
    input_size=64, interpolation="bicubic", mean=(0.5,) * 3, std=(0.5,) * 3, crop_pct=0.9, is_training=False
)
batch = torch.stack([transform(picture) for picture in pictures])
features["timm_64"] = large.forward_head(large.forward_features(batch), pre_logits=True)
# And smaller, where antialiasing matters.
grid = torch.randn(1, 26, 24)
features["grid"] = grid
features["grid_3"] = timm.layers.resample_abs_pos_embed(grid, new_size=(3, 3))

# transformers' ViT, whose processor squashes images.
model = ViTForImageClassification.from_pretrained(checkpoints / "vit").eval()
batch = ViTImageProcessorPil(size={"height": 32, "width": 32})(pictures, return_tensors="pt").pixel_values
features["vit"] = model.vit(batch).last_hidden_state[:, 0]

# transformers' CLIP.
model = CLIPModel.from_pretrained(checkpoints / "clip").eval()
processor = CLIPImageProcessorPil(size={"shortest_edge": 32}, crop_size={"height": 32, "width": 32})
batch = processor(pictures, return_tensors="pt").pixel_values
features["clip"] = model.visual_projection(model.vision_model(batch).pooler_output)

# open_clip, and the archive of OpenAI.
model = open_clip.CLIP(**OPENAI).eval()
for parameter in model.parameters():
    parameter.add_(torch.randn_like(parameter) * 0.2)
model = model.half().float()  # What half precision can tell.
transform = open_clip.image_transform(32, is_train=False, mean=open_clip.OPENAI_DATASET_MEAN, std=open_clip.OPENAI_DATASET_STD)
batch = torch.stack([transform(picture) for picture in pictures])
merges = json.loads((checkpoints.parent / "captions/expected.json").read_text())["merges"]
with tempfile.NamedTemporaryFile(suffix=".txt.gz") as vocabulary:
    vocabulary.write(gzip.compress("\n".join(["#version: small", *merges]).encode()))
    vocabulary.flush()
    tokens = SimpleTokenizer(vocabulary.name, context_length=8)(CAPTIONS)
features["openai"] = model.encode_image(batch)
features["openai_text"] = model.encode_text(tokens)
torch.save(model.state_dict(), folder / "open_clip.pt")
# OpenAI keeps three numbers of the configuration in the state dict.
for name, number in (("input_resolution", 32), ("context_length", 8), ("vocab_size", 666)):
    if hasattr(model, name):
        delattr(model, name)
    model.register_buffer(name, torch.tensor(number))
traced = torch.jit.trace_module(model, {"encode_image": (batch,), "encode_text": (tokens,)})
with tempfile.NamedTemporaryFile(suffix=".pt") as archive:
    torch.jit.save(traced.half(), archive.name)
    with zipfile.ZipFile(archive.name) as whole, zipfile.ZipFile(folder / "openai.pt", "w") as kept:
        for entry in whole.infolist():
            if not entry.filename.endswith(".debug_pkl"):  # traces of this program's stack
                name = zipfile.ZipInfo("ViT/" + entry.filename.partition("/")[2])
                kept.writestr(name, whole.read(entry), entry.compress_type)

save_file({name: tensor.detach().contiguous() for name, tensor in features.items()}, folder / "expected.safetensors")
