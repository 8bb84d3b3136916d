"""Shards of image-caption pairs from CIFAR-10, and what is measured on them.

    python bench/shards/shards.py make --cifar cifar10-jpeg.tar.gz --out SHARDS [--pairs N] [--per-shard N] [--uids json|parquet]
    python bench/shards/shards.py repeat --shards SHARDS --times N --out MORE
    python bench/shards/shards.py model --out FOLDER
    python bench/shards/shards.py check --scores T.parquet --shards SHARDS --keep SUBSET.npy --filtered SHARDS --share S
    python bench/shards/shards.py same A.parquet B.parquet
    python bench/shards/shards.py run --work FOLDER --out JSON

make:   pairs of pictures (train|test/CLASS/N.jpg in the archive) and captions from templates. The uid of a sample is in its
        .json, or, with --uids parquet, in the Parquet file beside the shard, as img2dataset writes it.
repeat: the same shards several times under other names, by hard links, with other uids in the Parquet files beside them.
model:  a small CLIP of open_clip with random weights: config.json, model.pt, reference.pt, bpe.txt.gz.
check:  what pyarrow, DuckDB and tarfile see: every sample scored once, the subset as computed from the table, and exactly its
        uids in the filtered shards.
same:   two tables have the same rows.
run:    all of it with gradmimic, once interrupted by SIGKILL, and the time and peak memory of each command.

Needs numpy, pyarrow and duckdb; model needs torch and open_clip.
"""

import argparse
import datetime
import glob
import hashlib
import io
import json
import os
import platform
import signal
import subprocess
import sys
import tarfile
import time

TEMPLATES = ["a photo of a {}", "a blurry photo of the {}", "a small {} in the distance", "my {}", "one {}, close up",
             "a low resolution picture of a {}", "the {} of a friend", "a {} on a sunny day"]
CONFIG = {
    "embed_dim": 64,
    "vision_cfg": {"image_size": 32, "layers": 3, "width": 128, "head_width": 32, "patch_size": 8},
    "text_cfg": {"context_length": 16, "vocab_size": 49408, "width": 128, "heads": 4, "layers": 3},
}
ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))


def uid(*parts):
    return hashlib.md5("/".join(map(str, parts)).encode()).hexdigest()


def add(tar, name, content):
    entry = tarfile.TarInfo(name)
    entry.size = len(content)
    tar.addfile(entry, io.BytesIO(content))


def pictures(archive):
    """Name of the class and bytes, class after class as the archive has them, in an order that mixes them."""
    found = []
    with tarfile.open(archive) as tar:
        for member in tar:
            if member.isfile() and member.name.endswith(".jpg"):
                found.append((member.name.split("/")[-2], tar.extractfile(member).read()))
    found.sort(key=lambda picture: hashlib.md5(picture[1]).digest())
    return found


def make(args):
    import pyarrow as pa
    import pyarrow.parquet as pq

    os.makedirs(args.out)
    found = pictures(args.cifar)
    for first in range(0, args.pairs, args.per_shard):
        stem = os.path.join(args.out, f"{first // args.per_shard:08d}")
        keys, uids = [], []
        with tarfile.open(stem + ".tar", "w") as tar:
            for i in range(first, min(args.pairs, first + args.per_shard)):
                name, picture = found[i % len(found)]
                caption = TEMPLATES[i % len(TEMPLATES)].format(name)
                keys.append(f"{i:09d}")
                uids.append(uid(i))
                meta = {"caption": caption, "key": keys[-1]}
                if args.uids == "json":
                    meta["uid"] = uids[-1]
                add(tar, keys[-1] + ".jpg", picture)
                add(tar, keys[-1] + ".txt", caption.encode())
                add(tar, keys[-1] + ".json", json.dumps(meta).encode())
        if args.uids == "parquet":
            pq.write_table(pa.table({"key": keys, "uid": uids}), stem + ".parquet")


def repeat(args):
    import pyarrow as pa
    import pyarrow.parquet as pq

    os.makedirs(args.out)
    shards = sorted(glob.glob(os.path.join(args.shards, "*.tar")))
    for time_ in range(args.times):
        for s, shard in enumerate(shards):
            stem = os.path.join(args.out, f"{time_ * len(shards) + s:08d}")
            os.link(shard, stem + ".tar")
            keys = pq.read_table(shard[:-4] + ".parquet")["key"].to_pylist()
            pq.write_table(pa.table({"key": keys, "uid": [uid(time_, key) for key in keys]}), stem + ".parquet")


def model(args):
    import open_clip
    import torch

    os.makedirs(args.out, exist_ok=True)
    with open(os.path.join(args.out, "config.json"), "w") as file:
        json.dump(CONFIG, file)
    for seed, name in enumerate(["model", "reference"]):
        torch.manual_seed(seed)
        torch.save(open_clip.CLIP(**CONFIG).state_dict(), os.path.join(args.out, name + ".pt"))
    vocabulary = os.path.join(os.path.dirname(open_clip.__file__), "bpe_simple_vocab_16e6.txt.gz")
    with open(vocabulary, "rb") as source, open(os.path.join(args.out, "bpe.txt.gz"), "wb") as copy:
        copy.write(source.read())


def uids_of(folder):
    """All uids in the .json of the shards of a folder, or in the Parquet files beside them."""
    import pyarrow.parquet as pq

    found = []
    for shard in sorted(glob.glob(os.path.join(folder, "*.tar"))):
        beside = shard[:-4] + ".parquet"
        by_key = {}
        if os.path.exists(beside):
            table = pq.read_table(beside)
            by_key = dict(zip(table["key"].to_pylist(), table["uid"].to_pylist()))
        with tarfile.open(shard) as tar:
            for member in tar:
                if member.name.endswith(".json"):
                    meta = json.loads(tar.extractfile(member).read())
                    found.append(meta.get("uid") or by_key[member.name[:-5]])
    return found


def check(args):
    import duckdb
    import numpy as np
    import pyarrow.parquet as pq

    table = pq.read_table(args.scores)
    uids = table["uid"].to_pylist()
    assert uids == uids_of(args.shards), "the uids of the table are not those of the shards"
    assert table["sample_id"].to_pylist() == list(range(len(uids)))
    scores = table["score"].to_numpy()
    assert np.isfinite(scores).all() and scores.std() > 0, "scores"
    share = int(len(uids) * args.share)
    kept = duckdb.sql(f"SELECT uid FROM '{args.scores}' ORDER BY score DESC LIMIT {share}").fetchall()
    kept = {row[0] for row in kept}
    subset = np.load(args.keep)
    assert {f"{a:016x}{b:016x}" for a, b in subset} == kept, "the subset is not that of the highest scores"
    filtered = uids_of(args.filtered)
    assert len(filtered) == len(kept) and set(filtered) == kept, "the filtered shards have other uids"
    print(f"ok: {len(uids)} samples, {len(kept)} kept")


def same(args):
    import pyarrow.parquet as pq

    first, second = pq.read_table(args.first), pq.read_table(args.second)
    assert first.equals(second), "the tables differ"
    print(f"ok: {first.num_rows} rows")


def timed(command, until=None):
    """Seconds, seconds of all processors and peak MiB of a command; it is killed when the file `until` exists."""
    start = time.monotonic()
    process = subprocess.Popen(command, cwd=ROOT, stderr=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
                               start_new_session=True)
    while until is not None and process.poll() is None and not os.path.exists(until):
        time.sleep(0.002)
    if until is not None:
        os.killpg(process.pid, signal.SIGKILL)
    _, status, usage = os.wait4(process.pid, 0)
    code = os.waitstatus_to_exitcode(status)
    if code != (0 if until is None else -signal.SIGKILL):
        sys.exit(f"{' '.join(command)}: exit code {code}")
    return {"seconds": round(time.monotonic() - start, 2),
            "processor_seconds": round(usage.ru_utime + usage.ru_stime, 2),
            "peak_mib": round(usage.ru_maxrss / 1024)}


def run(args):
    work = os.path.abspath(args.work)
    at = lambda *names: os.path.join(work, *names)
    score = lambda shards, out: [
        "./gradmimic", "score", "model", "--quiet", "--model", "clip", "--model-config", at("clip", "config.json"), "--data",
        "webdataset:" + at(shards), "--weights", at("clip", "model.pt"), "--reference", at("clip", "reference.pt"),
        "--mimic-layer", "visual.proj,text_projection", "--vocabulary", at("clip", "bpe.txt.gz"), "--batch-size", "250",
        "--out", at(out)]
    results = []
    load = round(os.getloadavg()[0], 1)

    def step(name, command, until=None):
        results.append({"what": name, "command": " ".join(command).replace(work + "/", ""), **timed(command, until)})
        print(json.dumps(results[-1]), flush=True)

    step("score 20,000 pairs", score("shards", "scores.parquet"))
    step("killed after 7 of 20 shards", score("shards", "again.parquet"), at(".again.parquet.parts", "shard-00000006.json"))
    left = len(glob.glob(at(".again.parquet.parts", "shard-*.json")))
    step(f"resumed after {left} shards", score("shards", "again.parquet"))
    step("filter", ["./gradmimic", "filter", "--quiet", "--scores", at("scores.parquet"), "--uids", at("scores.parquet"),
                    "--binarize", "top", "--share", "0.3", "--out", at("keep.npy")])
    step("reshard", ["./gradmimic", "filter", "reshard", "--quiet", "--shards", at("shards"), "--keep", at("keep.npy"), "--out",
                     at("filtered")])
    same(argparse.Namespace(first=at("scores.parquet"), second=at("again.parquet")))
    check(argparse.Namespace(scores=at("scores.parquet"), shards=at("shards"), keep=at("keep.npy"), filtered=at("filtered"),
                             share=0.3))
    step("score 200,000 pairs", score("more", "more.parquet"))
    more = uids_of(at("more"))
    import pyarrow.parquet as pq

    assert pq.read_table(at("more.parquet"), columns=["uid"])["uid"].to_pylist() == more
    revision = subprocess.run(["git", "rev-parse", "--short=12", "HEAD"], cwd=ROOT, capture_output=True, text=True).stdout.strip()
    with open(args.out, "w") as file:
        json.dump({
            "what": "image-caption pairs made from CIFAR-10, from shards to scores, filter and smaller shards; CLIP with random"
                    " weights, 32x32 pixels, width 128, 3 layers in each tower",
            "command": "bench/shards/run.sh CIFAR WORK",
            "date": datetime.datetime.now(datetime.timezone.utc).strftime("%Y-%m-%dT%H:%M:%SZ"),
            "revision": revision,
            "machine": {"cpu": cpu(), "cores": os.cpu_count(), "system": platform.system() + " " + platform.release(),
                        "load_before": load},
            "checked": "uids of the table, of the subset and of the filtered shards by pyarrow, DuckDB and tarfile; the resumed"
                       " table equals that of the whole run",
            "results": results,
        }, file, indent=2)
        file.write("\n")


def cpu():
    with open("/proc/cpuinfo") as file:
        return next((line.split(":")[1].strip() for line in file if line.startswith("model name")), platform.machine())


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    commands = parser.add_subparsers(required=True)

    def command(function, *options):
        sub = commands.add_parser(function.__name__)
        sub.set_defaults(function=function)
        for names, settings in options:
            sub.add_argument(names, **settings)

    needed = {"required": True}
    command(make, ("--cifar", needed), ("--out", needed), ("--pairs", {"type": int, "default": 20000}),
            ("--per-shard", {"type": int, "default": 1000}), ("--uids", {"choices": ["json", "parquet"], "default": "json"}))
    command(repeat, ("--shards", needed), ("--times", {"type": int, "default": 10}), ("--out", needed))
    command(model, ("--out", needed))
    command(check, ("--scores", needed), ("--shards", needed), ("--keep", needed), ("--filtered", needed),
            ("--share", {"type": float, "required": True}))
    command(same, ("first", {}), ("second", {}))
    command(run, ("--work", needed), ("--out", needed))
    args = parser.parse_args()
    args.function(args)


if __name__ == "__main__":
    main()
