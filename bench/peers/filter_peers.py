"""The same filter by scikit-learn and Snorkel and by gradmimic, on the same data and machine, in interleaved rounds.

Data: 1 million samples x 5 epochs, 60 % of them clean, normally distributed scores. Theirs: scikit-learn's mixture of two
normal distributions per epoch (its defaults) and, where Snorkel is installed, Snorkel's label model (its defaults). Ours:
mixture votes and label model, reading the .npy file included. Started by bench/peers/filter.sh.
"""

import argparse
import json
import os
import platform
import statistics
import subprocess
import tempfile
import time

import numpy
import sklearn
from sklearn.mixture import GaussianMixture
from threadpoolctl import threadpool_limits

try:
    import snorkel
    from snorkel.labeling.model import LabelModel
except ImportError:
    snorkel = None


def draw(samples, epochs):
    generator = numpy.random.default_rng(1)
    clean = generator.random(samples) < 0.6
    noise = generator.standard_normal((epochs, samples))
    scores = numpy.where(clean, 0.045, 0.0125) + numpy.where(clean, 0.0085, 0.009) * noise
    return scores.astype(numpy.float32), clean


def theirs(scores, threads):
    """Seconds of the mixtures, of the label model (None without Snorkel), the keep votes and the parameters."""
    votes = numpy.empty(scores.shape, dtype=numpy.int64)
    models = []
    begin = time.perf_counter()
    with threadpool_limits(threads):
        for epoch in range(len(scores)):
            column = scores[epoch].reshape(-1, 1)
            model = GaussianMixture(2, random_state=0).fit(column)
            votes[epoch] = model.predict(column) == model.means_.ravel().argmax()
            models.append(model)
    mixture = time.perf_counter() - begin
    label = None
    if snorkel is not None:
        begin = time.perf_counter()
        LabelModel(cardinality=2, verbose=False).fit(votes.T, seed=0, progress_bar=False)
        label = time.perf_counter() - begin
    return mixture, label, votes, models


def ours(java, work, threads, rounds):
    output = subprocess.run(
        java + ["bench/peers/FilterRounds.java", f"{work}/scores.npy", str(threads), str(rounds), f"{work}/keep.npy"],
        check=True,
        stdout=subprocess.PIPE,
        text=True,
    ).stdout
    return json.loads(output)


def measure(java, work, scores, clean, threads, rounds):
    mixtures, labels, cold, warm = [], [], [], []
    for _ in range(rounds):
        mixture, label, votes, _ = theirs(scores, threads)
        mixtures.append(mixture)
        if label is not None:
            labels.append(label)
        seconds = ours(java, work, threads, 12)
        cold.append(seconds[0])
        warm.append(statistics.median(seconds[2:]))
    keep = numpy.load(f"{work}/keep.npy")
    their_seconds = statistics.median(mixtures) + (statistics.median(labels) if labels else 0)
    return {
        "threads": threads,
        "scikit_learn_mixture_seconds": mixtures,
        "snorkel_label_model_seconds": labels or None,
        "gradmimic_seconds_first_in_a_process": cold,
        "gradmimic_seconds_median_of_ten_after_two": warm,
        "times_faster": their_seconds / statistics.median(warm),
        "times_faster_first_in_a_process": their_seconds / statistics.median(cold),
        "their_majority_right": float(((votes.sum(0) * 2 > len(votes)) == clean).mean()),
        "our_label_model_right": float((keep == clean).mean()),
    }


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--class-path", required=True)
    parser.add_argument("--revision", required=True)
    parser.add_argument("--samples", type=int, default=1_000_000)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--out", required=True)
    arguments = parser.parse_args()
    java = ["java", "-Xmx1g", "-cp", arguments.class_path]
    scores, clean = draw(arguments.samples, 5)
    with tempfile.TemporaryDirectory() as work:
        numpy.save(f"{work}/scores.npy", scores)
        runs = [
            measure(java, work, scores, clean, threads, arguments.rounds) for threads in sorted({1, os.cpu_count()})
        ]
    with open("/proc/cpuinfo") as file:
        cpu = next(line.split(":")[1].strip() for line in file if line.startswith("model name"))
    result = {
        "command": f"bench/peers/filter.sh --samples {arguments.samples} --rounds {arguments.rounds}",
        "revision": arguments.revision,
        "device": f"{cpu}, {os.cpu_count()} cores",
        "samples": arguments.samples,
        "epochs": 5,
        "python": platform.python_version(),
        "numpy": numpy.__version__,
        "scikit_learn": sklearn.__version__,
        "snorkel": snorkel.__version__ if snorkel else "not installed: times_faster counts scikit-learn's time alone",
        "runs": runs,
    }
    text = json.dumps(result, indent=2)
    print(text)
    with open(arguments.out, "w") as file:
        file.write(text + "\n")


main()
