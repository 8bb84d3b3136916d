"""Images a second of gradmimic's embed beside torch and ONNX Runtime in Python: same model, weights, images and threads.

    python embed.py PICTURES [--model vit_b_16|resnet50] [--images N] [--threads T] [--batch B] [--rounds R]
                    [--gradmimic ./gradmimic] [--out FILE]

PICTURES is a folder with one folder per class; its first N pictures are used. All times include decoding, scaling and
normalising. Python decodes the next batch in a thread while the model computes, as gradmimic does. The rounds take turns.
gradmimic's time is that of metrics.json, without the start of the JVM; "process" has the whole command.
Needs torch, torchvision, onnx, onnxscript, onnxruntime, Pillow.
"""

import argparse
import concurrent.futures
import datetime
import json
import os
import pathlib
import platform
import statistics
import subprocess
import sys
import tempfile
import time

parser = argparse.ArgumentParser()
parser.add_argument("pictures")
parser.add_argument("--model", default="vit_b_16")
parser.add_argument("--images", type=int, default=256)
parser.add_argument("--threads", type=int, default=os.cpu_count())
parser.add_argument("--batch", type=int, default=32)
parser.add_argument("--rounds", type=int, default=3)
parser.add_argument("--gradmimic", default="./gradmimic")
parser.add_argument("--out")
arguments = parser.parse_args()
# NumPy's and torch's BLAS choose their kernels themselves.
for variable in ("OPENBLAS_CORETYPE", "OPENBLAS_L2_SIZE"):
    os.environ.pop(variable, None)

import numpy
import onnxruntime
import torch
import torchvision
from PIL import Image

torch.set_num_threads(arguments.threads)
torch.set_grad_enabled(False)
torch.manual_seed(1)


def prepared(paths, transform):
    def decode(part):
        return torch.stack([transform(Image.open(path).convert("RGB")) for path in part])

    parts = [paths[i : i + arguments.batch] for i in range(0, len(paths), arguments.batch)]
    with concurrent.futures.ThreadPoolExecutor(1) as pool:
        pending = pool.submit(decode, parts[0])
        for i in range(len(parts)):
            batch = pending.result()
            if i + 1 < len(parts):
                pending = pool.submit(decode, parts[i + 1])
            yield batch


def timed(run, paths, transform):
    started = time.perf_counter()
    features = numpy.concatenate([run(batch) for batch in prepared(paths, transform)])
    return time.perf_counter() - started, features


def embed(options, folder, name):
    out = folder / name
    command = [*arguments.gradmimic.split(), "embed", *map(str, options), "--data", f"images:{folder / 'pictures'}",
               "--batch-size", str(arguments.batch), "--threads", str(arguments.threads), "--device", "cpu",
               "--quiet", "--out", str(out)]
    started = time.perf_counter()
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
    process = time.perf_counter() - started
    seconds = json.loads((out / "metrics.json").read_text())["seconds"]
    return seconds, process, numpy.load(out / "features.npy")


def main(folder):
    chosen = sorted(path for path in pathlib.Path(arguments.pictures).glob("*/*") if path.is_file())[: arguments.images]
    paths = []
    for path in chosen:
        link = folder / "pictures" / path.parent.name / path.name
        link.parent.mkdir(parents=True, exist_ok=True)
        link.symlink_to(path.resolve())
        paths.append(link)
    model = getattr(torchvision.models, arguments.model)().eval()
    torch.save(model.state_dict(), folder / "model.pth")
    transform = torchvision.models.get_model_weights(arguments.model).IMAGENET1K_V1.transforms()
    setattr(model, "fc" if arguments.model.startswith("resnet") else "heads", torch.nn.Identity())
    torch.jit.trace(model, torch.zeros(2, 3, 224, 224)).save(folder / "model.pt")
    torch.onnx.export(model, (torch.zeros(2, 3, 224, 224),), folder / "model.onnx", dynamo=True, external_data=False,
                      dynamic_shapes={"x": {0: torch.export.Dim("n")}})
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = arguments.threads
    session = onnxruntime.InferenceSession(folder / "model.onnx", options, providers=["CPUExecutionProvider"])
    name = session.get_inputs()[0].name
    imagenet = ["--resize", "256", "--interpolation", "bilinear", "--mean", "0.485,0.456,0.406", "--std", "0.229,0.224,0.225"]
    contestants = {
        "torch in Python": lambda: timed(lambda batch: model(batch).numpy(), paths, transform),
        "ONNX Runtime in Python": lambda: timed(lambda batch: session.run(None, {name: batch.numpy()})[0], paths, transform),
        "embed by name": lambda: embed(["--model", arguments.model, "--weights", folder / "model.pth"], folder, next(fresh)),
        "embed TorchScript": lambda: embed(["--model", folder / "model.pt", *imagenet], folder, next(fresh)),
        "embed ONNX": lambda: embed(["--model", folder / "model.onnx", *imagenet], folder, next(fresh)),
    }
    fresh = (f"out{i}" for i in range(10**6))
    runs = {contestant: [] for contestant in contestants}
    reference = None
    for _ in range(arguments.rounds):
        for contestant, run in contestants.items():
            seconds, *process, features = run()
            reference = features if reference is None else reference
            difference = float(numpy.abs(features - reference).max() / numpy.abs(reference).max())
            if not difference < 1e-3:  # another decoder of JPEG
                sys.exit(f"{contestant}: its features differ by {difference}")
            runs[contestant].append((seconds, *process))
            print(f"{contestant}: {seconds:.2f} s", file=sys.stderr)
    results = [
        {"contestant": contestant, "images_per_second": len(paths) / statistics.median(s for s, *_ in times),
         "seconds": [s for s, *_ in times], **({"process": [p for _, p in times]} if len(times[0]) > 1 else {})}
        for contestant, times in runs.items()
    ]
    report = {
        "stage": "embed-peers",
        "command": "python bench/peers/embed.py PICTURES " + " ".join(sys.argv[2:]),
        "date": datetime.datetime.now(datetime.timezone.utc).strftime("%Y-%m-%dT%H:%M:%SZ"),
        "machine": {"system": platform.platform(), "cores": os.cpu_count()},
        "software": {m.__name__: m.__version__ for m in (torch, torchvision, onnxruntime)},
        "model": arguments.model, "images": len(paths), "threads": arguments.threads, "batch": arguments.batch,
        "results": results,
    }
    text = json.dumps(report, indent=1) + "\n"
    if arguments.out:
        pathlib.Path(arguments.out).write_text(text)
    else:
        print(text, end="")


with tempfile.TemporaryDirectory() as scratch:
    main(pathlib.Path(scratch))
