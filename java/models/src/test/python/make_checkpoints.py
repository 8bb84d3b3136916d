"""Writes checkpoints as timm, open_clip and transformers have them, with what their models compute, for CheckpointsTest.

    python3 make_checkpoints.py ../resources/checkpoints        (torch 2.13, timm 1.0, transformers 5.18, safetensors)
    python3 make_checkpoints.py --resnet FOLDER                 (only a ResNet of transformers, of 20 MB)
"""

import argparse
import pathlib
import sys

import torch
from safetensors.torch import save_file

resnet_only = sys.argv[1] == "--resnet"
folder = pathlib.Path(sys.argv[-1])
folder.mkdir(parents=True, exist_ok=True)
torch.manual_seed(1)


def randomised(model, scale=0.2):
    """Weights far enough from zero that every one of them matters."""
    with torch.no_grad():
        for parameter in model.parameters():
            parameter.add_(torch.randn_like(parameter) * scale)
    return model.eval()


def expected(name, **tensors):
    save_file({key: value.detach().contiguous() for key, value in tensors.items()}, folder / f"{name}.expected.safetensors")


def resnet():
    from transformers import ResNetConfig, ResNetForImageClassification

    config = ResNetConfig(
        depths=[1, 1, 1, 1], hidden_sizes=[64, 128, 256, 512], embedding_size=64, layer_type="basic", num_labels=3
    )
    model = randomised(ResNetForImageClassification(config), 0.01)
    model.save_pretrained(folder / "resnet", max_shard_size="8MB")
    images = torch.randn(2, 3, 32, 32)
    expected("resnet", images=images, logits=model(images).logits)


if resnet_only:
    resnet()
    sys.exit()

import timm
from transformers import CLIPConfig, CLIPModel, ViTConfig, ViTForImageClassification

images = torch.randn(3, 3, 32, 32)

model = randomised(
    timm.models.VisionTransformer(
        img_size=32, patch_size=16, embed_dim=24, depth=2, num_heads=2, mlp_ratio=2, num_classes=3
    )
)
expected("timm", images=images, logits=model(images))
# As timm's training script saves it.
torch.save(
    {
        "epoch": 3,
        "arch": "vit",
        "state_dict": {name: torch.zeros_like(tensor) for name, tensor in model.state_dict().items()},
        "optimizer": torch.optim.SGD(model.parameters(), lr=0.1, momentum=0.9).state_dict(),
        "args": argparse.Namespace(lr=0.1, betas=(0.9, 0.999), path=pathlib.PurePosixPath("/data")),
        "state_dict_ema": {"module._orig_mod." + name: tensor for name, tensor in model.state_dict().items()},
        "metric": 2**70,
        "classes": {"cat", "dog"},
    },
    folder / "timm.pt",
)

model = randomised(
    ViTForImageClassification(
        ViTConfig(
            hidden_size=24,
            num_hidden_layers=2,
            num_attention_heads=2,
            intermediate_size=48,
            image_size=32,
            patch_size=16,
            num_labels=3,
        )
    )
)
model.save_pretrained(folder / "vit", max_shard_size="15KB")
expected("vit", images=images, logits=model(images).logits)

common = dict(hidden_size=16, num_hidden_layers=1, num_attention_heads=2, intermediate_size=64, hidden_act="gelu")
model = randomised(
    CLIPModel(
        CLIPConfig(
            text_config=dict(
                common, vocab_size=50, max_position_embeddings=8, eos_token_id=49, bos_token_id=48, pad_token_id=0
            ),
            vision_config=dict(common, image_size=32, patch_size=16),
            projection_dim=12,
        )
    )
)
model.save_pretrained(folder / "clip")
tokens = torch.tensor([[48, 3, 5, 49, 0, 0, 0, 0], [48, 49, 0, 0, 0, 0, 0, 0], [48, 1, 2, 3, 4, 5, 6, 49]])
output = model(input_ids=tokens, pixel_values=images)
expected("clip", images=images, tokens=tokens, image=output.image_embeds, text=output.text_embeds)
