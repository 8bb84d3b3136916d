"""Makes the fixtures beside it, with pandas, pyarrow and numpy: a pool of two metadata files with DataComp's columns, and
the subsets that DataComp's rules give for it, worked out here sample by sample.

    python make_fixtures.py
"""

import json
import os

import numpy as np
import pandas as pd

HERE = os.path.dirname(os.path.abspath(__file__))
UIDS = np.dtype("u8,u8")
SAMPLES = 240
WORDS = ["a", "red", "barn", "été", "photo", "of", "日本", "dog", "\u3000", "x\u00a0y", "😀", "3D"]


def pair(uid):
    return divmod(int(uid, 16), 2**64)


def pool(random):
    uids = [f"{random.integers(2**64, dtype=np.uint64):016x}{random.integers(2**64, dtype=np.uint64):016x}"
            for _ in range(SAMPLES - 6)]
    uids += uids[:3]                                              # a sample that is in the pool twice
    uids += ["0" * 32, "f" * 32, uids[5][:16] + "0" * 16]         # the ends; two that differ in the low half alone
    captions = []
    for i in range(SAMPLES):
        caption = " ".join(random.choice(WORDS, random.integers(0, 8)))
        captions.append(caption + "\t\n" if i % 7 == 0 else caption)
    captions[11] = None
    b32 = np.round(random.uniform(0.1, 0.4, SAMPLES), 2).astype(np.float32)     # many ties
    l14 = random.uniform(0.1, 0.4, SAMPLES)
    l14[17] = np.nan
    return pd.DataFrame({
        "uid": uids,
        "url": [f"https://example.org/{i}.jpg" for i in range(SAMPLES)],
        "text": captions,
        "original_width": random.choice([199, 200, 201, 600, 640, 1024], SAMPLES),
        "original_height": random.choice([120, 199, 200, 201, 480, 601], SAMPLES),
        "clip_b32_similarity_score": b32,
        "clip_l14_similarity_score": l14,
        "face_bboxes": [[[0.1, 0.2, 0.3, 0.4]] if i % 5 == 0 else [] for i in range(SAMPLES)],
        "sha256": [f"{i:064x}" for i in range(SAMPLES)],
    })


def basic(row):
    if not isinstance(row.text, str):
        return False
    small, large = sorted((row.original_width, row.original_height))
    return len(row.text.split()) > 2 and len(row.text) > 5 and small >= 200 and large / small <= 3.0


def by_fraction(scores, fraction):
    threshold = -np.sort(-scores)[int(len(scores) * fraction)]
    return scores >= threshold


def save(name, frame, keep):
    subset = np.array([pair(uid) for uid, k in zip(frame.uid, keep) if k], UIDS)
    subset.sort()
    np.save(os.path.join(HERE, name + ".npy"), subset)


def main():
    frame = pool(np.random.default_rng(20))
    first, second = frame[:150], frame[150:]
    first.to_parquet(os.path.join(HERE, "metadata", "0000.parquet"), row_group_size=64, index=False)
    second.to_parquet(os.path.join(HERE, "metadata", "0001.parquet"), compression="zstd", index=False)
    b32 = frame.clip_b32_similarity_score.values
    l14 = frame.clip_l14_similarity_score.values
    save("all", frame, [True] * SAMPLES)
    save("basic", frame, [basic(row) for row in frame.itertuples()])
    save("b32_30", frame, by_fraction(b32, 0.3))
    save("l14_30", frame, by_fraction(l14, 0.3))
    save("l14_29", frame, by_fraction(l14, 0.29))
    save("b32_at_0.3", frame, b32 >= np.float32(0.3))
    save("l14_at_0.3", frame, l14 >= 0.3)
    np.save(os.path.join(HERE, "unsorted.npy"), np.array([pair(uid) for uid in frame.uid], UIDS))
    with open(os.path.join(HERE, "versions.json"), "w") as out:
        import pyarrow
        json.dump({"numpy": np.__version__, "pandas": pd.__version__, "pyarrow": pyarrow.__version__}, out)
        out.write("\n")


main()
