"""Writes what open_clip's tokenizer makes of captions, for ClipTokenizerTest, to src/test/resources/captions/expected.json.

    python3 make_captions.py ../resources/captions/expected.json     (open_clip 3.3, ftfy 6.3)

The vocabulary is a small one, trained here on the captions' own words.
"""

import collections
import gzip
import json
import os
import sys
import tempfile

import regex
from open_clip.tokenizer import SimpleTokenizer, bytes_to_unicode

MERGES = 250
LENGTH = 24
TEXT = """a photo of a dog, a photo of the cat. the red vintage photograph of an old house by the sea
the quick brown fox jumps over the lazy dogs it's we'll they've you're i'm she'd don't
straße naïve café ångström москва ёлка οδυσσευς 東京タワー 日本語 😀 👍 number 1 2 3 123"""
CAPTIONS = [
    "", " ", "\t \u00a0 \u2003", "a photo of a dog", "A PHOTO of\ta   Dog. ", "It's we'll THEY'VE you're I'm she'd don't can't",
    "it’s “quoted”, ‘so’", "123 4567 3.14 ½ ² ٣ Ⅷ", "café cafe\u0301 ÇA Ångström STRASSE Straße ẞ", "ΟΔΥΣΣΕΥΣ МОСКВА Ёлка İstanbul ı",
    "東京タワー 日本語 한국어 नमस्ते ไทย العربية עברית", "😀 👨‍👩‍👧‍👦 🇩🇪 👍🏽 ❤️ 𝔸 𠀀", "AT&amp;T a&b &lt;b&gt; &amp;amp;lt; &quot;x&quot; &#39;s &rsquo;s",
    "<b>&amp;lt; &rsquo;s", "&copy &notit; &copy2 &nosuch; &#x1F600; &#xD800; &#1; &#0; &#128; &#99999999; &semi;",
    "<start_of_text>", "a <end_of_text> b", "a<END_OF_TEXT>b", "!<end_of_text>", "<end_of_text><start_of_text>!", "<|endoftext|> </w> the</w>",
    "the " * 40, "x" * 300, "photograph" * 20, "😀" * 20, "' '' ''' 's 'S", "...!!!?? --- #tag @user snake_case C++ $5 50%",
    "ﬁne ﬄ ﬅ Ǆ ŉ Ｆｕｌｌ＿＼＄ ｶﾞ ｱ\u3000x", "a\u200bb\u200dc\u202ed\ufeffe\u0000f\u000bg\u001ch\u007fi", "the" * 7 + " the" * 30,
    "a b c d e f g h i j k l m n o p q r s t u", "a b c d e f g h i j k l m n o p q r s t u v", "a b c d e f g h i j k l m n o p q r s t u v w",
]


def train(text):
    """Merges of the pairs that are most frequent, of equal ones the first in order."""
    letters = bytes_to_unicode()
    words = collections.Counter()
    for word in regex.findall(r"'s|'t|'re|'ve|'m|'ll|'d|\p{L}+|\p{N}|[^\s\p{L}\p{N}]+", text):
        symbols = [letters[b] for b in word.encode()]
        words[(*symbols[:-1], symbols[-1] + "</w>")] += 1
    merges = []
    while len(merges) < MERGES:
        pairs = collections.Counter()
        for word, count in words.items():
            for pair in zip(word, word[1:]):
                pairs[pair] += count
        if not pairs:
            break
        first, second = min(pairs, key=lambda pair: (-pairs[pair], pair))
        merges.append(f"{first} {second}")
        merged = collections.Counter()
        for word, count in words.items():
            joined, i = [], 0
            while i < len(word):
                if word[i : i + 2] == (first, second):
                    joined.append(first + second)
                    i += 2
                else:
                    joined.append(word[i])
                    i += 1
            merged[tuple(joined)] += count
        words = merged
    return merges


merges = train(TEXT)
with tempfile.TemporaryDirectory() as folder:
    path = os.path.join(folder, "bpe.txt.gz")
    with gzip.open(path, "wb") as file:
        file.write("\n".join(["#version: small", *merges]).encode())
    tokenizer = SimpleTokenizer(path)


def tokens(caption):
    """What the tokenizer's __call__ does, without its tensor."""
    all_tokens = [tokenizer.sot_token_id, *tokenizer.encode(caption), tokenizer.eot_token_id]
    if len(all_tokens) > LENGTH:
        all_tokens = [*all_tokens[: LENGTH - 1], tokenizer.eot_token_id]
    return all_tokens + [0] * (LENGTH - len(all_tokens))


with open(sys.argv[1], "w", encoding="ascii") as file:
    json.dump(
        {"length": LENGTH, "size": tokenizer.vocab_size, "merges": merges, "captions": {c: tokens(c) for c in CAPTIONS}},
        file,
        indent=None,
        separators=(",", ":"),
    )
    file.write("\n")
