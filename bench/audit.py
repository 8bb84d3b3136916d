#!/usr/bin/env python3
"""Audits images whose labels were corrupted on purpose: F1, time and peak memory, with trusted samples and without.

    bench/audit.py images:PHOTOS OUT [--share 0.4] [--seed 1] [--json FILE] [--threads N]

PHOTOS are images in class folders (a folder or an archive). OUT must not exist. Needs a built gradmimic, and only
Python's standard library. The runs are: symmetric noise with a trusted fifth, symmetric noise without trusted samples,
and pairwise noise without trusted samples.
"""

import argparse
import json
import os
import pathlib
import re
import subprocess
import sys
import time

ROOT = pathlib.Path(__file__).resolve().parent.parent


def run(arguments):
    """Runs one command; returns its output, wall time in seconds and peak memory in MiB."""
    start = time.monotonic()
    process = subprocess.Popen([str(ROOT / "gradmimic"), *arguments], stdout=subprocess.PIPE, text=True)
    output = process.stdout.read()
    _, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode != 0:
        sys.exit(f"{' '.join(arguments)}: exit code {process.returncode}")
    return output, time.monotonic() - start, usage.ru_maxrss / 1024


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("data")
    parser.add_argument("out", type=pathlib.Path)
    parser.add_argument("--share", default="0.4")
    parser.add_argument("--seed", default="1")
    parser.add_argument("--threads")
    parser.add_argument("--json", type=pathlib.Path)
    options = parser.parse_args()
    out = options.out
    out.mkdir(parents=True)
    root = options.data.removeprefix("images:")
    threads = ["--threads", options.threads] if options.threads else []

    run(["data", "split", "--data", options.data, "--share", "0.2", "--seed", options.seed, "--out", str(out / "split")])
    trusted = ["--trusted-ids", str(out / "split/first.txt")]
    results = []
    for name, kind, given in [
        ("trusted fifth", "symmetric", trusted),
        ("no trusted samples", "symmetric", []),
        ("no trusted samples", "pairwise", []),
    ]:
        folder = f"{kind}-{'trusted' if given else 'own'}"
        noisy = out / f"{folder}-noise"
        noise = ["data", "noise", "--data", options.data, "--share", options.share, "--kind", kind, "--seed", options.seed]
        run([*noise, "--out", str(noisy), *(["--except", str(out / "split/first.txt")] if given else [])])
        spec = f"images:{noisy / 'samples.parquet'},root={root}"
        audit = ["audit", "--data", spec, *given, "--seed", options.seed, *threads, "--out", str(out / folder)]
        _, seconds, memory = run(audit)
        judged, _, _ = run(["filter", "quality", f"{out / folder / 'keep.npy'}={noisy / 'clean.npy'}"])
        precision, recall, f1 = map(float, re.split(r"\s+", judged.strip().splitlines()[1].strip())[-3:])
        metrics = json.loads((out / folder / "metrics.json").read_text())
        results.append(
            {
                "noise": kind,
                "share": float(options.share),
                "reference": name,
                "command": "gradmimic " + " ".join(audit),
                "samples": metrics["samples"],
                "issues": metrics["issues"],
                "precision": precision,
                "recall": recall,
                "f1": f1,
                "held_out_accuracy": metrics["quality"]["held_out_accuracy"],
                "seconds": round(seconds, 1),
                "stage_seconds": {stage: round(s, 1) for stage, s in metrics["seconds"].items()},
                "peak_mib": round(memory),
                "first_issues": (out / folder / "issues.csv").read_text().splitlines()[:6],
            }
        )
        print(json.dumps(results[-1], indent=1), flush=True)
    if options.json:
        options.json.write_text(json.dumps(results, indent=2, ensure_ascii=False) + "\n")


if __name__ == "__main__":
    main()
