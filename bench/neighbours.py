#!/usr/bin/env python3
"""A training step and the demo alone, beside busy processes, and with one processor for themselves.

  bench/neighbours.py [--out bench/results/neighbours.json] [--work steps demo] [--setting NAME ...] [--neighbours 0 1 2] [--quick] [--dry-run]

Runs every work under every setting of SETTINGS in every place, and writes the seconds as one JSON file, anew after every run.

  steps   the stage probe-step of bench/run.sh: the median seconds of each step, with all threads
  demo    ./gradmimic demo on drawn images: the seconds of each of its parts, with the threads that it chooses itself

The places are: alone, beside so many busy processes, on one processor (taskset), and in a cgroup whose limit is one processor (where
this user may make one). "ratio" is the time over that of the same work and setting alone; asked for are at most 2.5 beside one busy
process and 4 beside two. "quiet" is the time alone over that of the setting "default": a setting that costs a quiet machine more
than 1 % is none. The machine has to be quiet when it begins.
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
CGROUPS = "/sys/fs/cgroup"  # of the second version
JOIN = 'echo $$ > "$0/cgroup.procs" && exec "$@"'


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


def cgroup():
    """A cgroup that may use one processor; None where this user may not make one."""
    if not os.path.exists(os.path.join(CGROUPS, "cgroup.controllers")):
        return None
    folder = os.path.join(CGROUPS, "gradmimic-neighbours")
    try:
        os.makedirs(folder, exist_ok=True)
        with open(os.path.join(folder, "cpu.max"), "w") as file:
            file.write("100000 100000")
        return folder
    except OSError:
        return None


def show(command, environment):
    print("+ " + " ".join([*(f"{name}={value}" for name, value in environment.items()), *command]), file=sys.stderr)


def run(command, environment, dry):
    show(command, environment)
    if not dry:
        subprocess.run(command, cwd=ROOT, env=os.environ | environment, check=True, stdout=subprocess.DEVNULL)


def steps(prefix, environment, options):
    """Seconds by step."""
    with tempfile.TemporaryDirectory() as folder:
        quick = ["--quick"] if options.quick else []
        run([*prefix, "bench/run.sh", *quick, "--busy", "--out", folder, "probe-step"], environment, options.dry_run)
        if options.dry_run:
            return {}
        with open(os.path.join(folder, "probe-step.json")) as file:
            results = json.load(file)["results"]
    seconds = {}
    for step in results:
        workload = step["workload"] + " " + ", ".join(f"{name}={value}" for name, value in step["parameters"].items())
        # The plain step is the same for every kind: what any of them is compared with.
        for name, found in ((workload, step.get("seconds")), ("plain beside " + workload, step.get("base_seconds"))):
            if found is not None:
                seconds[name] = found["median"]
    return seconds


def demo(prefix, environment, options):
    """Seconds by part of the demo."""
    with tempfile.TemporaryDirectory() as folder:
        out = os.path.join(folder, "demo")
        small = ["--data", "drawn:classes=4,train=400,test=80", "--backbone-epochs", "1"] if options.quick else []
        run([*prefix, "./gradmimic", "demo", "--quiet", *small, "--out", out], environment, options.dry_run)
        if options.dry_run:
            return {}
        with open(os.path.join(out, "metrics.json")) as file:
            parts = json.load(file)["seconds"]
    return {**{"demo, " + name: seconds for name, seconds in parts.items()}, "demo": sum(parts.values())}


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--out", default=os.path.join(ROOT, "bench/results/neighbours.json"))
    parser.add_argument("--work", nargs="+", choices=["steps", "demo"], default=["steps", "demo"])
    parser.add_argument("--setting", nargs="+", choices=SETTINGS, default=list(SETTINGS))
    parser.add_argument("--neighbours", nargs="+", type=int, default=[0, 1, 2])
    parser.add_argument("--quick", action="store_true", help="sees that everything runs; its numbers mean nothing")
    parser.add_argument("--dry-run", action="store_true", help="only shows what would run")
    options = parser.parse_args()
    places = [("alone" if n == 0 else f"beside {n}", [], n) for n in options.neighbours]
    places.append(("on one processor", ["taskset", "-c", "0"], 0))
    limited = cgroup()
    if limited:
        places.append(("in a cgroup of one processor", ["sh", "-c", JOIN, limited], 0))
    document = {
        "command": " ".join(["bench/neighbours.py", *sys.argv[1:]]), "processors": os.cpu_count(), "load_before": os.getloadavg(),
        "skipped": [] if limited else ["in a cgroup of one processor: this user may not make one"], "results": [],
    }
    found = {}
    for setting in options.setting:
        environment = SETTINGS[setting]
        for work in options.work:
            for place, prefix, neighbours in places:
                with Busy(0 if options.dry_run else neighbours):
                    seconds = {"steps": steps, "demo": demo}[work](prefix, environment, options)
                for name, value in seconds.items():
                    found[setting, place, name] = value
                    entry = {"setting": setting, "environment": environment, "place": place, "step": name, "seconds": value}
                    if (setting, "alone", name) in found:
                        entry["ratio"] = value / found[setting, "alone", name]
                        if place in AT_MOST:
                            entry["met"] = entry["ratio"] <= AT_MOST[place]
                    if place == "alone" and ("default", "alone", name) in found:
                        entry["quiet"] = value / found["default", "alone", name]
                    document["results"].append(entry)
                if options.dry_run:
                    continue
                with open(options.out + ".tmp", "w") as file:
                    json.dump(document, file, indent=1)
                    file.write("\n")
                os.replace(options.out + ".tmp", options.out)
    if limited:
        os.rmdir(limited)
    return 0


if __name__ == "__main__":
    sys.exit(main())
