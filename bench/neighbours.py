#!/usr/bin/env python3
"""A probe's training step alone, beside busy processes, and with one processor for itself.

  bench/neighbours.py [--out bench/results/neighbours.json] [--setting NAME ...] [--neighbours 0 1 2] [--quick] [--dry-run]

Runs the stage probe-step of bench/run.sh under every setting of SETTINGS in every place of PLACES and
writes the median seconds of each step as one JSON file, anew after every run. "ratio" is the time over that of the same
step and setting alone; asked for are at most 2.5 beside one busy process and 4 beside two. "quiet" is the time alone over that
of the setting "default": a setting that costs a quiet machine more than 1 % is none. The machine has to be quiet when it begins.
"""
import argparse
import json
import os
import subprocess
import sys
import tempfile
import time

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
# How OpenMP's threads wait for each other (libgomp reads these as it is loaded), and how many there are.
SETTINGS = {
    "default": {},
    "spin 1,000": {"GOMP_SPINCOUNT": "1000"},
    "spin 10,000": {"GOMP_SPINCOUNT": "10000"},
    "spin 100,000": {"GOMP_SPINCOUNT": "100000"},
    "sleep at once": {"OMP_WAIT_POLICY": "PASSIVE"},
    "one thread": {"OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1"},
}
AT_MOST = {"beside 1": 2.5, "beside 2": 4.0}


class Busy:
    """So many processes that do nothing but take processor time."""

    def __init__(self, count):
        self.processes = [subprocess.Popen([sys.executable, "-c", "while True: pass"]) for _ in range(count)]

    def __enter__(self):
        time.sleep(0.5)
        return self

    def __exit__(self, *_):
        for process in self.processes:
            process.kill()
            process.wait()


def run(command, environment, dry):
    """The results of probe-step."""
    print("+ " + " ".join([*(f"{name}={value}" for name, value in environment.items()), *command]), file=sys.stderr)
    if dry:
        return []
    with tempfile.TemporaryDirectory() as folder:
        subprocess.run([*command, "--out", folder, "probe-step"], cwd=ROOT, env=os.environ | environment, check=True, stdout=subprocess.DEVNULL)
        with open(os.path.join(folder, "probe-step.json")) as file:
            return json.load(file)["results"]


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--out", default=os.path.join(ROOT, "bench/results/neighbours.json"))
    parser.add_argument("--setting", nargs="+", choices=SETTINGS, default=list(SETTINGS))
    parser.add_argument("--neighbours", nargs="+", type=int, default=[0, 1, 2])
    parser.add_argument("--quick", action="store_true", help="sees that everything runs; its numbers mean nothing")
    parser.add_argument("--dry-run", action="store_true", help="only shows what would run")
    options = parser.parse_args()
    bench = ["bench/run.sh", *(["--quick"] if options.quick else [])]
    places = [("alone" if n == 0 else f"beside {n}", bench, n) for n in options.neighbours]
    places.append(("on one processor", ["taskset", "-c", "0", *bench], 0))
    document = {"command": " ".join(["bench/neighbours.py", *sys.argv[1:]]), "processors": os.cpu_count(), "load_before": os.getloadavg(), "results": []}
    found = {}
    for setting in options.setting:
        for place, command, neighbours in places:
            with Busy(0 if options.dry_run else neighbours):
                steps = run(command, SETTINGS[setting], options.dry_run)
            for step in steps:
                workload = step["workload"] + " " + ", ".join(f"{name}={value}" for name, value in step["parameters"].items())
                # The plain step is the same for every kind: what any of them is compared with.
                for name, seconds in ((workload, step.get("seconds")), ("plain beside " + workload, step.get("base_seconds"))):
                    if seconds is None:
                        continue
                    median = found[setting, place, name] = seconds["median"]
                    entry = {"setting": setting, "environment": SETTINGS[setting], "place": place, "step": name, "seconds": median}
                    if (setting, "alone", name) in found:
                        entry["ratio"] = median / found[setting, "alone", name]
                        if place in AT_MOST:
                            entry["met"] = entry["ratio"] <= AT_MOST[place]
                    if place == "alone" and ("default", "alone", name) in found:
                        entry["quiet"] = median / found["default", "alone", name]
                    document["results"].append(entry)
            if options.dry_run:
                continue
            with open(options.out + ".tmp", "w") as file:
                json.dump(document, file, indent=1)
                file.write("\n")
            os.replace(options.out + ".tmp", options.out)
    return 0


if __name__ == "__main__":
    sys.exit(main())
