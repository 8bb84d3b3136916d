"""Reads what gradmimic made of the pool of datacomp_pool.py: with numpy, and as DataComp's resharder does, which memory-maps
the subset and looks every sample's uid up by two binary searches. Prints "ok".

    python datacomp_check.py FOLDER
"""

import collections
import glob
import json
import os
import sys
import tarfile

import numpy as np
import pandas as pd

UIDS = np.dtype("u8,u8")


def load_subset(path):
    subset = np.load(path, mmap_mode="r")
    assert subset.dtype == UIDS, subset.dtype
    return subset


def expect(path, uids):
    expected = np.array([(int(uid[:16], 16), int(uid[16:], 16)) for uid in uids], UIDS)
    expected.sort()
    actual = load_subset(path)
    assert np.array_equal(actual, expected), (path, len(actual), len(expected))
    print(os.path.basename(path), len(actual))


def descending(scores, fraction):
    return np.sort(scores)[::-1][int(len(scores) * fraction)]


def samples(shard):
    found = collections.OrderedDict()
    with tarfile.open(shard) as tar:
        for member in tar:
            key, extension = member.name.split(".", 1)
            found.setdefault(key, {})[extension] = tar.extractfile(member).read()
    return found


def expect_resharded(shards, output, subset):
    for shard in sorted(glob.glob(os.path.join(shards, "*.tar*"))):
        expected = []
        for key, sample in samples(shard).items():
            uid = json.loads(sample["json"])["uid"]
            wanted = np.array([divmod(int(uid, 16), 2**64)], UIDS)[0]
            count = np.searchsorted(subset, wanted, "right") - np.searchsorted(subset, wanted, "left")
            expected += [(key if copy == 0 else f"{key}-{copy}", sample) for copy in range(count)]
        target = os.path.join(output, os.path.basename(shard))
        assert list(samples(target).items()) == expected, shard
        with open(target.split(".tar")[0] + "_stats.json") as stats:
            assert json.load(stats)["successes"] == len(expected)
        print(os.path.basename(shard), len(expected))


def main(folder):
    def at(name):
        return os.path.join(folder, name)

    frame = pd.concat([pd.read_parquet(path) for path in sorted(glob.glob(at("metadata/*.parquet")))])
    b32, l14 = frame.clip_b32_similarity_score, frame.clip_l14_similarity_score
    expect(at("all.npy"), frame.uid)
    small = np.minimum(frame.original_width, frame.original_height)
    large = np.maximum(frame.original_width, frame.original_height)
    words, letters = frame.text.apply(lambda x: len(x.split())), frame.text.apply(len)
    expect(at("basic.npy"), frame.uid[(words > 2) & (letters > 5) & (small >= 200) & (large / small <= 3.0)])
    top = b32 >= descending(b32.values, 0.3)
    expect(at("b32_30.npy"), frame.uid[top])
    expect(at("l14_at_0.28.npy"), frame.uid[l14 >= 0.28])
    scores = np.load(at("scores.npy"))
    worst = scores <= np.sort(scores)[int(len(scores) * 15 / 100) - 1]
    expect(at("combined.npy"), frame.uid[top.values & ~worst])
    mask = np.load(at("combined_mask.npy"))
    assert mask.dtype == bool and np.array_equal(mask, top.values & ~worst)
    assert sorted(frame.uid[top.values & ~worst]) == pd.read_parquet(at("combined.parquet")).uid.tolist()
    assert sorted(frame.uid[top.values & ~worst]) == open(at("combined.txt")).read().split()
    expect_resharded(at("shards"), at("drawn"), load_subset(at("drawn.npy")))
    print("ok")


main(sys.argv[1])
