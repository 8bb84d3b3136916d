"""Writes what torchvision and open_clip compute, for ModelsTest, to src/test/resources/models/expected.json.

    python3 make_models.py ../resources/models/expected.json     (torch 2.13, torchvision 0.29, open_clip 3.3)

Weights, images and captions come from a formula that the test has, too, so that models of full size need no files.
"""

import hashlib
import json
import math
import sys
import zlib

import numpy
import torch
import torchvision
from open_clip.model import CLIP


def noise(name, count):
    """uint32, from the name and the place."""
    x = (zlib.crc32(name.encode()) + numpy.arange(count, dtype=numpy.uint64) * 0x9E3779B9).astype(numpy.uint32)
    x ^= x >> numpy.uint32(16)
    x *= numpy.uint32(0x85EBCA6B)
    x ^= x >> numpy.uint32(13)
    x *= numpy.uint32(0xC2B2AE35)
    return x ^ (x >> numpy.uint32(16))


def uniform(name, shape):
    """float32 within [-1,1)."""
    values = noise(name, math.prod(shape)) >> numpy.uint32(8)
    return (values.astype(numpy.float32) * numpy.float32(2.0**-23) - numpy.float32(1)).reshape(shape)


def weight(name, shape):
    u = uniform(name, shape)
    if len(shape) >= 2:
        return u * numpy.float32(math.sqrt(3 / math.prod(shape[1:])))
    if name.endswith("running_var"):
        return u * numpy.float32(0.5) + numpy.float32(1)
    if name.endswith(("weight", "gamma", "logit_scale")):
        return u * numpy.float32(0.1) + numpy.float32(1)
    return u * numpy.float32(0.1)


def filled(model):
    model = model.double().eval()
    state = model.state_dict()
    for name, tensor in state.items():
        if not name.endswith("num_batches_tracked"):
            tensor.copy_(torch.as_tensor(weight(name, tuple(tensor.shape))))
    model.load_state_dict(state)
    return model


def images(count, side):
    return torch.from_numpy(uniform("images", (count, 3, side, side))).double()


def captions(count, length, vocabulary):
    """Of different lengths, each ended by the largest token; zeros after it."""
    tokens = (noise("tokens", count * length) % numpy.uint32(vocabulary - 2) + 1).reshape(count, length).astype("int64")
    for i in range(count):
        end = 1 + (3 * i + 2) % (length - 1)
        tokens[i, end] = vocabulary - 1
        tokens[i, end + 1 :] = 0
    return torch.from_numpy(tokens)


def told(values):
    """The first numbers of each row, and its length."""
    return [row[:8].tolist() + [row.norm().item()] for row in values]


def digest(model):
    lines = "".join(f"{name} {list(tensor.shape)}\n" for name, tensor in sorted(model.state_dict().items()))
    return hashlib.sha256(lines.encode()).hexdigest()


def clip(config):
    config = dict(config)
    config.pop("custom_text", None)
    return CLIP(**config)


def state_dicts():
    digests = {}
    for name in ("vit_b_16", "vit_b_32", "vit_l_16", "resnet18", "resnet50"):
        with torch.device("meta"):
            digests[name] = digest(getattr(torchvision.models, name)())
    for patch in (32, 16):
        config = {
            "embed_dim": 512,
            "vision_cfg": {"image_size": 224, "layers": 12, "width": 768, "patch_size": patch},
            "text_cfg": {"context_length": 77, "vocab_size": 49408, "width": 512, "heads": 8, "layers": 12},
        }
        digests[f"ViT-B-{patch}"] = digest(clip(config))
    return digests


CLIPS = {
    "clip": {
        "embed_dim": 24,
        "vision_cfg": {"image_size": 48, "layers": 3, "width": 64, "head_width": 32, "patch_size": 16},
        "text_cfg": {"context_length": 11, "vocab_size": 50, "width": 48, "heads": 3, "layers": 2},
    },
    "clip_quick_gelu": {
        "embed_dim": 24,
        "quick_gelu": True,
        "init_logit_bias": -10,
        "custom_text": False,
        "vision_cfg": {
            "image_size": [32, 32],
            "layers": 1,
            "width": 32,
            "head_width": 16,
            "patch_size": 8,
            "mlp_ratio": 3.5,
            "ls_init_value": 0.1,
        },
        "text_cfg": {
            "context_length": 9,
            "vocab_size": 40,
            "width": 32,
            "heads": 4,
            "layers": 1,
            "mlp_ratio": 2.0,
            "ls_init_value": 0.1,
        },
    },
}


def main(path):
    logits = {}
    with torch.no_grad():
        logits["vit_b_32"] = told(filled(torchvision.models.vit_b_32())(images(2, 224)))
        logits["resnet18"] = told(filled(torchvision.models.resnet18(num_classes=20))(images(3, 64)))
        logits["resnet50"] = told(filled(torchvision.models.resnet50())(images(2, 65)))
        clips = {}
        for name, config in CLIPS.items():
            model = filled(clip(config))
            side = model.visual.image_size[0]
            text = config["text_cfg"]
            clips[name] = {
                "config": config,
                "image": told(model.encode_image(images(4, side))),
                "text": told(model.encode_text(captions(4, text["context_length"], text["vocab_size"]))),
            }
    with open(path, "w") as file:
        json.dump({"state_dicts": state_dicts(), "logits": logits, "clips": clips}, file, indent=1)
        file.write("\n")


if __name__ == "__main__":
    main(sys.argv[1])
