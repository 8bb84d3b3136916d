"""Time and memory of `gradmimic filter` from a Parquet score log to a DataComp subset file; see bench/scale/filter.sh."""

import argparse
import json
import os
import pathlib
import re
import shutil
import subprocess
import time

EPOCHS = 5
FIELDS = ("VmHWM", "RssAnon", "RssFile", "RssShmem")


def generate(work, samples):
    log = work / f"scores-{samples}"
    if not log.exists():
        unfinished = work / f"unfinished-{samples}"
        shutil.rmtree(unfinished, ignore_errors=True)
        begin = time.perf_counter()
        java = ["java", "-Xmx2g", "-cp", os.environ["CLASS_PATH"], "bench/scale/ScoreLogs.java"]
        subprocess.run(java + [unfinished, str(samples), str(EPOCHS), str(os.cpu_count()), work], check=True)
        unfinished.rename(log)
        print(f"{log} written in {time.perf_counter() - begin:.0f} s")
    return log


def status(pid):
    try:
        text = pathlib.Path(f"/proc/{pid}/status").read_text()
    except OSError:
        return None
    found = {name: int(value) for name, value in re.findall(r"(\w+):\s+(\d+) kB", text)}
    return {name: found.get(name, 0) for name in FIELDS}


def filter_log(work, samples, heap, threads):
    log = generate(work, samples)
    out = work / "subset.npy"
    out.unlink(missing_ok=True)
    command = ["java", f"-Xmx{heap}", f"-Djava.io.tmpdir={work}", "-cp", os.environ["CLASS_PATH"], "org.gradmimic.cli.Main"]
    command += ["filter", "--scores", str(log), "--binarize", "mixture", "--aggregate", "label-model", "--threads", str(threads)]
    command += ["--uids", str(work / f"uids-{samples}.npy"), "--out", str(out)]
    begin = time.perf_counter()
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
    peak = dict.fromkeys(FIELDS, 0)
    while process.poll() is None:
        seen = status(process.pid)
        if seen is not None:
            peak = {name: max(peak[name], seen[name]) for name in FIELDS}
        time.sleep(0.02)
    seconds = time.perf_counter() - begin
    last = process.stdout.read().splitlines()[-1]
    if process.returncode != 0:
        raise SystemExit(f"gradmimic filter failed: {last}")
    return {
        "samples": samples,
        "epochs": EPOCHS,
        "threads": threads,
        "heap_limit": heap,
        "log_bytes": sum(part.stat().st_size for part in log.iterdir()),
        "seconds": round(seconds, 2),
        "rows_per_second": round(samples * EPOCHS / seconds),
        "peak_rss_mb": peak["VmHWM"] // 1024,
        "peak_anonymous_mb": peak["RssAnon"] // 1024,
        "peak_mapped_files_mb": (peak["RssFile"] + peak["RssShmem"]) // 1024,
        "subset_bytes": out.stat().st_size,
        "kept": re.search(r"(\d+ of \d+) samples kept", last).group(1),
    }


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--work", required=True, type=pathlib.Path)
    parser.add_argument("--generate-only", action="store_true")
    parser.add_argument("--heap", default="1g")
    parser.add_argument("--threads", type=int, default=os.cpu_count())
    parser.add_argument("samples", type=int, nargs="+")
    arguments = parser.parse_args()
    if arguments.generate_only:
        for samples in arguments.samples:
            generate(arguments.work, samples)
        return
    out = pathlib.Path("bench/results/filter-scale.json")
    runs = json.loads(out.read_text())["runs"] if out.exists() else []
    for samples in arguments.samples:
        run = filter_log(arguments.work, samples, arguments.heap, arguments.threads)
        run["revision"] = os.environ["REVISION"]
        same = lambda other: (other["samples"], other["threads"]) == (run["samples"], run["threads"])
        runs = sorted([r for r in runs if not same(r)] + [run], key=lambda r: (r["samples"], r["threads"]))
        print(json.dumps(run))
    with open("/proc/cpuinfo") as file:
        cpu = next(line.split(":")[1].strip() for line in file if line.startswith("model name"))
    result = {
        "command": "bench/scale/filter.sh --work DIR SAMPLES",
        "what": "gradmimic filter --binarize mixture --aggregate label-model --uids, from a Parquet score log to a subset file;"
        " peak_mapped_files includes the page cache's pages of the temporary file and the uids",
        "device": f"{cpu}, {os.cpu_count()} cores",
        "runs": runs,
    }
    out.write_text(json.dumps(result, indent=2) + "\n")


main()
