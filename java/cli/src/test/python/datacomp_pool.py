"""A small DataComp pool, made by pandas, pyarrow, numpy and tarfile: metadata, shards, mimic scores and a subset with
duplicates.

    python datacomp_pool.py FOLDER
"""

import io
import json
import os
import sys
import tarfile

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

SAMPLES = 500
SHARD = 120
WORDS = ["a", "red", "barn", "été", "photo", "日本", "\u3000", "x\u00a0y", "😀"]


def pool(random):
    return pd.DataFrame({
        "uid": [random.bytes(16).hex() for _ in range(SAMPLES - 1)] + ["f" * 32],
        "url": [f"https://example.org/{i}.jpg" for i in range(SAMPLES)],
        "text": [" ".join(random.choice(WORDS, random.integers(0, 8))) for _ in range(SAMPLES)],
        "original_width": random.choice([199, 200, 600, 640], SAMPLES),
        "original_height": random.choice([120, 200, 201, 480], SAMPLES),
        "clip_b32_similarity_score": np.round(random.uniform(0.1, 0.4, SAMPLES), 2).astype(np.float32),
        "clip_l14_similarity_score": random.uniform(0.1, 0.4, SAMPLES).astype(np.float32),
        "face_bboxes": [[[0.1, 0.2, 0.3, 0.4]] if i % 5 == 0 else [] for i in range(SAMPLES)],
        "sha256": [f"{i:064x}" for i in range(SAMPLES)],
    })


def write_shard(path, frame, random):
    with tarfile.open(path, "w:gz" if path.endswith(".gz") else "w") as tar:
        for i, row in frame.iterrows():
            members = [
                ("jpg", random.bytes(int(random.integers(1, 5000)))),
                ("txt", row.text.encode()),
                ("json", json.dumps({"key": f"{i:09d}", "url": row.url, "uid": row.uid}).encode()),
            ]
            for extension, content in members:
                info = tarfile.TarInfo(f"{i:09d}.{extension}")
                info.size = len(content)
                tar.addfile(info, io.BytesIO(content))


def main(folder):
    random = np.random.default_rng(7)
    frame = pool(random)
    metadata, shards = os.path.join(folder, "metadata"), os.path.join(folder, "shards")
    os.makedirs(metadata)
    os.makedirs(shards)
    frame[:200].to_parquet(os.path.join(metadata, "00.parquet"), row_group_size=64)
    frame[200:201].to_parquet(os.path.join(metadata, "01.parquet"), compression="gzip")
    pq.write_table(pa.Table.from_pandas(frame[201:]), os.path.join(metadata, "02.parquet"), version="1.0",
                   use_dictionary=False, compression="zstd", data_page_size=1000)
    for k, start in enumerate(range(0, SAMPLES, SHARD)):
        ending = ".tar.gz" if k == 1 else ".tar"
        write_shard(os.path.join(shards, f"{k:08d}{ending}"), frame[start:start + SHARD], random)
    np.save(os.path.join(folder, "scores.npy"), random.normal(size=SAMPLES).astype(np.float32))
    drawn = random.choice(frame.uid.values, 300)                          # with replacement
    subset = np.array([divmod(int(uid, 16), 2**64) for uid in drawn], np.dtype("u8,u8"))
    subset.sort()
    np.save(os.path.join(folder, "drawn.npy"), subset)


main(sys.argv[1])
