"""Pairs a second from shards: gradmimic's scores beside open_clip's own forward pass over the same pairs.

    python bench/peers/clip_shards.py --shards FOLDER --clip FOLDER [--threads N] [--batch N] [--rounds N] [--out JSON]

FOLDER and --clip are made by bench/shards/shards.py (make, model). open_clip reads the tars with tarfile, decodes with Pillow
in the training loop's own process, tokenises and computes the features of both towers without gradients. gradmimic computes
the features, the exact contrastive scores and the losses, and writes the table; its start and the loading of its libraries
count. Both run in a process of their own, in turn. A scored pair needs the forward pass and, for exact scores, a backward pass
and its derivative above the mimic layer, so fewer pairs a second are expected.

Needs torch, open_clip and Pillow. ./gradmimic build comes before.
"""

import argparse
import glob
import io
import json
import os
import subprocess
import sys
import tarfile
import tempfile
import time

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))


def pairs(folder):
    for shard in sorted(glob.glob(os.path.join(folder, "*.tar"))):
        with tarfile.open(shard) as tar:
            picture = caption = None
            for member in tar:
                if member.name.endswith(".jpg"):
                    picture = tar.extractfile(member).read()
                elif member.name.endswith(".txt"):
                    caption = tar.extractfile(member).read().decode()
                if picture is not None and caption is not None:
                    yield picture, caption
                    picture = caption = None


def peer(args):
    import open_clip
    import torch
    from PIL import Image

    torch.set_num_threads(args.threads)
    with open(os.path.join(args.clip, "config.json")) as file:
        config = json.load(file)
    model = open_clip.CLIP(**config).eval()
    model.load_state_dict(torch.load(os.path.join(args.clip, "model.pt")))
    side = config["vision_cfg"]["image_size"]
    transform = open_clip.image_transform(side, is_train=False)
    tokenizer = open_clip.SimpleTokenizer(context_length=config["text_cfg"]["context_length"])
    images, captions, count, similarity = [], [], 0, 0.0

    def flush():
        nonlocal count, similarity
        with torch.no_grad():
            x = model.encode_image(torch.stack(images), normalize=True)
            y = model.encode_text(tokenizer(captions), normalize=True)
            similarity += float((x * y).sum())
        count += len(images)
        images.clear()
        captions.clear()

    for picture, caption in pairs(args.shards):
        images.append(transform(Image.open(io.BytesIO(picture)).convert("RGB")))
        captions.append(caption)
        if len(images) == args.batch:
            flush()
    if images:
        flush()
    print(json.dumps({"pairs": count, "mean_similarity": similarity / count}))


def timed(command):
    start = time.monotonic()
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True)
    if done.returncode != 0:
        sys.exit(f"{' '.join(command)}: exit code {done.returncode}\n{done.stderr}")
    return time.monotonic() - start, done.stdout


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--shards", required=True)
    parser.add_argument("--clip", required=True)
    parser.add_argument("--threads", type=int, default=os.cpu_count())
    parser.add_argument("--batch", type=int, default=250)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--out")
    parser.add_argument("--peer", action="store_true", help=argparse.SUPPRESS)
    args = parser.parse_args()
    if args.peer:
        return peer(args)
    shards, clip = os.path.abspath(args.shards), os.path.abspath(args.clip)
    with tempfile.TemporaryDirectory() as work:
        table = os.path.join(work, "scores.parquet")
        ours = ["./gradmimic", "score", "model", "--quiet", "--model", "clip", "--model-config",
                os.path.join(clip, "config.json"), "--data", "webdataset:" + shards, "--weights", os.path.join(clip, "model.pt"),
                "--reference", os.path.join(clip, "reference.pt"), "--mimic-layer", "visual.proj,text_projection",
                "--vocabulary", os.path.join(clip, "bpe.txt.gz"), "--batch-size", str(args.batch), "--threads",
                str(args.threads), "--out", table]
        theirs = [sys.executable, os.path.abspath(__file__), "--peer", "--shards", shards, "--clip", clip, "--threads",
                  str(args.threads), "--batch", str(args.batch)]
        rounds = []
        for _ in range(args.rounds):
            seconds, _ = timed(ours)
            peer_seconds, said = timed(theirs)
            found = json.loads(said)
            rounds.append({"gradmimic_pairs_a_second": round(found["pairs"] / seconds),
                           "open_clip_pairs_a_second": round(found["pairs"] / peer_seconds)})
        import pyarrow.parquet as pq

        mean = float(pq.read_table(table)["clip_similarity"].to_numpy().mean())
        result = {"what": "pairs a second from shards: exact scores beside open_clip's forward pass",
                  "pairs": found["pairs"], "threads": args.threads, "batch": args.batch, "rounds": rounds,
                  "mean_similarity": {"gradmimic": mean, "open_clip": found["mean_similarity"]}}
    text = json.dumps(result, indent=2)
    print(text)
    if args.out:
        with open(args.out, "w") as file:
            file.write(text + "\n")


if __name__ == "__main__":
    main()
