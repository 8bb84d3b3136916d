"""DataComp's baseline filters over a whole pool: gradmimic beside pandas and NumPy, which DataComp's own commands use.

    python bench/peers/datacomp.py --pool FOLDER [--samples N] [--files N] [--out JSON]

Makes a pool of metadata in FOLDER unless it is there (12.8 million samples, DataComp small, in 128 files take 2 GB), applies
each filter with both, each in a process of its own, and compares the subset files byte by byte. Needs numpy, pandas and
pyarrow. The peer reads with the same rules, the files one after the other in one process; its language test is left out, as
in gradmimic.
"""

import argparse
import datetime
import filecmp
import glob
import json
import os
import platform
import subprocess
import sys
import time

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
UIDS = np.dtype("u8,u8")
CAPTIONS = ["a photo of a dog", "red barn in the snow", "buy now", "IMG_2034", "vintage lamp, brass, 1960s",
            "the best recipe for apple pie you will find today", "x"]
FILTERS = {
    "no-filter": ["--baseline", "no-filter"],
    "basic": ["--baseline", "basic"],
    "clip-score": ["--baseline", "clip-score", "--arch", "l14", "--fraction", "0.3"],
}


def make_pool(folder, samples, files):
    os.makedirs(folder)
    random = np.random.default_rng(1)
    captions = np.array(CAPTIONS)
    for f in range(files):
        rows = samples // files + (f < samples % files)
        digits = random.bytes(16 * rows).hex()
        pq.write_table(
            pa.table({
                "uid": [digits[32 * i:32 * i + 32] for i in range(rows)],
                "url": [f"https://example.org/{f}/{i}.jpg" for i in range(rows)],
                "text": captions[random.integers(0, len(captions), rows)].tolist(),
                "original_width": random.integers(100, 1200, rows),
                "original_height": random.integers(100, 1200, rows),
                "clip_b32_similarity_score": random.normal(0.25, 0.07, rows).astype(np.float32),
                "clip_l14_similarity_score": random.normal(0.2, 0.07, rows).astype(np.float32),
            }),
            os.path.join(folder, f"{f:05d}.parquet"),
        )


def keep(name, frame, threshold):
    if name == "basic":
        small = np.minimum(frame.original_width, frame.original_height)
        large = np.maximum(frame.original_width, frame.original_height)
        words, letters = frame.text.apply(lambda x: len(x.split())), frame.text.apply(len)
        return (words > 2) & (letters > 5) & (small >= 200) & (large / small <= 3.0)
    return frame.clip_l14_similarity_score >= threshold


def peer(name, folder, target):
    paths = sorted(glob.glob(os.path.join(folder, "*.parquet")))
    columns = {"no-filter": [], "basic": ["text", "original_width", "original_height"],
               "clip-score": ["clip_l14_similarity_score"]}[name]
    threshold = None
    if name == "clip-score":
        scores = pd.concat([pd.read_parquet(path, columns=columns) for path in paths]).clip_l14_similarity_score.values
        threshold = -np.sort(-scores)[int(len(scores) * 0.3)]
    parts = []
    for path in paths:
        frame = pd.read_parquet(path, columns=["uid"] + columns)
        uids = frame.uid if name == "no-filter" else frame.uid[keep(name, frame, threshold)]
        parts.append(np.array([(int(uid[:16], 16), int(uid[16:32], 16)) for uid in uids.values], UIDS))
    subset = np.concatenate(parts)
    subset.sort()
    np.save(target, subset)


def measure(command):
    start = time.monotonic()
    process = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.DEVNULL)
    _, status, usage = os.wait4(process.pid, 0)
    if status != 0:
        sys.exit(f"failed: {' '.join(command)}")
    return {
        "seconds": round(time.monotonic() - start, 2),
        "processor_seconds": round(usage.ru_utime + usage.ru_stime, 2),
        "peak_mib": usage.ru_maxrss // 1024,
    }


def cpu():
    with open("/proc/cpuinfo") as info:
        return next(line.split(":")[1].strip() for line in info if line.startswith("model name"))


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--pool", required=True)
    parser.add_argument("--samples", type=int, default=12_800_000)
    parser.add_argument("--files", type=int, default=128)
    parser.add_argument("--out", default=os.path.join(ROOT, "bench/results/datacomp.json"))
    parser.add_argument("--peer", help=argparse.SUPPRESS)
    parser.add_argument("--target", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.peer:
        return peer(options.peer, options.pool, options.target)
    if not os.path.isdir(options.pool):
        make_pool(options.pool, options.samples, options.files)
    results = []
    for name, arguments in FILTERS.items():
        ours, theirs = (os.path.join(options.pool, f"{name}.{who}.npy") for who in ("gradmimic", "peer"))
        result = {
            "filter": name,
            "gradmimic": measure(["./gradmimic", "filter", "datacomp", options.pool, *arguments, "--out", ours, "--quiet"]),
            "peer": measure([sys.executable, os.path.abspath(__file__), "--pool", options.pool, "--peer", name,
                             "--target", theirs]),
            "same_bytes": filecmp.cmp(ours, theirs, shallow=False),
            "kept": len(np.load(ours, mmap_mode="r")),
        }
        result["times_faster"] = round(result["peer"]["seconds"] / result["gradmimic"]["seconds"], 2)
        os.remove(ours)
        os.remove(theirs)
        print(result)
        results.append(result)
    report = {
        "what": "DataComp's baseline filters, from metadata in Parquet to the subset file",
        "command": "python bench/peers/datacomp.py --pool FOLDER",
        "date": datetime.datetime.now(datetime.timezone.utc).strftime("%Y-%m-%dT%H:%M:%SZ"),
        "revision": subprocess.run(["git", "rev-parse", "--short=12", "HEAD"], cwd=ROOT, capture_output=True,
                                   text=True, check=True).stdout.strip(),
        "machine": {"cpu": cpu(), "cores": os.cpu_count(), "system": f"{platform.system()} {platform.release()}"},
        "software": {"python": platform.python_version(), "numpy": np.__version__, "pandas": pd.__version__,
                     "pyarrow": pa.__version__},
        "samples": sum(pq.read_metadata(path).num_rows
                       for path in glob.glob(os.path.join(options.pool, "*.parquet"))),
        "files": len(glob.glob(os.path.join(options.pool, "*.parquet"))),
        "results": results,
    }
    with open(options.out, "w") as out:
        json.dump(report, out, indent=2)
        out.write("\n")


main()
