"""Features of gradmimic's embed beside those of timm, open_clip, transformers and torchvision, on checkpoints of full size.

    python features.py PICTURES [--models NAME,...] [--gradmimic ./gradmimic] [--out bench/results/features-peers.json]

PICTURES is a folder with one folder per class. Every library makes a model with random weights, saves it in its own format,
prepares the pictures and computes their features; gradmimic embeds the same folder with the same file. The difference is the
largest one of a feature, divided by the largest feature. Exits with 1 if one is above 1e-4.
Needs torch, torchvision, timm, open_clip_torch, transformers, safetensors, Pillow.
"""

import argparse
import datetime
import json
import pathlib
import platform
import subprocess
import sys
import tempfile

import numpy
import torch
from PIL import Image

LIMIT = 1e-4
TIMM = ["--resize", "248", "--interpolation", "bicubic", "--mean", "0.5", "--std", "0.5"]
SQUASH = ["--resize", "squash", "--interpolation", "bilinear", "--mean", "0.5", "--std", "0.5"]


def pictures(folder):
    """In gradmimic's order: by class, then by name."""
    paths = sorted(path for path in pathlib.Path(folder).glob("*/*") if path.is_file())
    return [Image.open(path).convert("RGB") for path in paths]


def torchvision_model(name):
    def make(images, folder):
        import torchvision

        model = getattr(torchvision.models, name)().eval()
        torch.save(model.state_dict(), folder / "model.pth")
        weights = torchvision.models.get_model_weights(name).IMAGENET1K_V1
        batch = torch.stack([weights.transforms()(image) for image in images])
        if name.startswith("resnet"):
            model.fc = torch.nn.Identity()
        else:
            model.heads = torch.nn.Identity()
        return ["--model", name, "--weights", folder / "model.pth"], model(batch)

    return make


def timm_vit(images, folder):
    import timm

    model = timm.create_model("vit_base_patch16_224", pretrained=False).eval()
    torch.save({"state_dict": {"module." + k: v for k, v in model.state_dict().items()}, "epoch": 1}, folder / "model.pth")
    transform = timm.data.create_transform(**timm.data.resolve_data_config({}, model=model), is_training=False)
    batch = torch.stack([transform(image) for image in images])
    features = model.forward_head(model.forward_features(batch), pre_logits=True)
    return ["--model", "vit_b_16", "--weights", folder / "model.pth", *TIMM], features


def open_clip_model(images, folder):
    import open_clip

    model, _, transform = open_clip.create_model_and_transforms("ViT-B-32", pretrained=None)
    model.eval()
    torch.save({"state_dict": {"module." + k: v for k, v in model.state_dict().items()}, "epoch": 1}, folder / "model.pt")
    batch = torch.stack([transform(image) for image in images])
    return ["--model", "ViT-B-32", "--weights", folder / "model.pt"], model.encode_image(batch)


def openai_archive(images, folder):
    import open_clip

    model, _, transform = open_clip.create_model_and_transforms("ViT-B-32-quickgelu", pretrained=None)
    model = model.eval().half().float()
    batch = torch.stack([transform(image) for image in images])
    tokens = torch.zeros(1, 77, dtype=torch.long)
    traced = torch.jit.trace_module(model, {"encode_image": (batch[:1],), "encode_text": (tokens,)})
    features = model.encode_image(batch)
    torch.jit.save(traced.half(), folder / "model.pt")
    return ["--model", "ViT-B-32-quickgelu", "--weights", folder / "model.pt"], features


def transformers_vit(images, folder):
    from transformers import ViTConfig, ViTImageProcessorPil, ViTModel

    model = ViTModel(ViTConfig()).eval()
    model.save_pretrained(folder / "vit", max_shard_size="100MB")
    batch = ViTImageProcessorPil()(images, return_tensors="pt").pixel_values
    weights = next((folder / "vit").glob("*.index.json"))
    config = folder / "vit_b_16.json"
    sizes = {"image_size": 224, "patch_size": 16, "num_layers": 12, "num_heads": 12, "hidden_dim": 768, "mlp_dim": 3072}
    config.write_text(json.dumps({**sizes, "layer_norm_eps": 1e-12}))
    arguments = ["--model", "vit", "--model-config", config, "--weights", weights, *SQUASH]
    return arguments, model(batch).last_hidden_state[:, 0]


def transformers_clip(images, folder):
    from transformers import CLIPConfig, CLIPImageProcessorPil, CLIPModel

    model = CLIPModel(CLIPConfig()).eval()
    model.save_pretrained(folder / "clip")
    batch = CLIPImageProcessorPil()(images, return_tensors="pt").pixel_values
    features = model.visual_projection(model.vision_model(batch).pooler_output)
    return ["--model", "ViT-B-32-quickgelu", "--weights", folder / "clip/model.safetensors"], features


MODELS = {
    "torchvision vit_b_16": torchvision_model("vit_b_16"),
    "torchvision resnet50": torchvision_model("resnet50"),
    "timm vit_base_patch16_224": timm_vit,
    "open_clip ViT-B-32": open_clip_model,
    "OpenAI's archive of ViT-B-32": openai_archive,
    "transformers ViTModel": transformers_vit,
    "transformers CLIPModel": transformers_clip,
}


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("pictures")
    parser.add_argument("--models", default=",".join(MODELS))
    parser.add_argument("--gradmimic", default="./gradmimic")
    parser.add_argument("--out")
    arguments = parser.parse_args()
    torch.set_grad_enabled(False)
    images = pictures(arguments.pictures)
    results = []
    for name in arguments.models.split(","):
        torch.manual_seed(1)
        with tempfile.TemporaryDirectory() as scratch:
            folder = pathlib.Path(scratch)
            options, expected = MODELS[name](images, folder)
            command = ["embed", *map(str, options), "--data", f"images:{arguments.pictures}", "--batch-size", "8"]
            run = [*arguments.gradmimic.split(), *command, "--device", "cpu", "--out", str(folder / "out")]
            subprocess.run(run, check=True, stdout=sys.stderr)
            ours = numpy.load(folder / "out/features.npy")
            metrics = json.loads((folder / "out/metrics.json").read_text())
        theirs = expected.numpy()
        difference = float(numpy.abs(ours - theirs).max() / numpy.abs(theirs).max())
        shown = " ".join(command).replace(scratch, "FOLDER").replace(arguments.pictures, "PICTURES")
        results.append(
            {"model": name, "images": len(images), "features": ours.shape[1], "difference": difference,
             "command": "gradmimic " + shown, "read": metrics["read"], "preparation": metrics["images"]}
        )
        print(f"{name}: {difference:.2e}", file=sys.stderr)
    import open_clip, timm, torchvision, transformers

    report = {
        "stage": "features-peers",
        "command": "python bench/peers/features.py PICTURES",
        "date": datetime.datetime.now(datetime.timezone.utc).strftime("%Y-%m-%dT%H:%M:%SZ"),
        "machine": platform.platform(),
        "software": {module.__name__: module.__version__ for module in (torch, torchvision, timm, open_clip, transformers)},
        "limit": LIMIT,
        "results": results,
    }
    text = json.dumps(report, indent=1) + "\n"
    if arguments.out:
        pathlib.Path(arguments.out).write_text(text)
    else:
        print(text, end="")
    worst = max(result["difference"] for result in results)
    sys.exit(0 if worst <= LIMIT else 1)


if __name__ == "__main__":
    main()
