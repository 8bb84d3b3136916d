"""Writes what torchvision makes of images by Pillow, for ImageFitTest, to src/test/resources/fits.txt.

    python3 make_fits.py ../resources/fits.txt     (torchvision 0.28, Pillow 12.3)

A line has the height and width of an image, the fit, and the SHA-256 of the pixels. The images come from a formula.
"""

import hashlib
import sys

import numpy
from PIL import Image
from torchvision.transforms import CenterCrop, Compose, InterpolationMode, Resize

MODES = {"bilinear": InterpolationMode.BILINEAR, "bicubic": InterpolationMode.BICUBIC}
SIZES = [(33, 47), (47, 33), (32, 32), (9, 120), (16, 16), (300, 401), (64, 36), (1, 7), (41, 32)]


def image(height, width):
    i = numpy.arange(height * width * 3, dtype=numpy.uint64)
    return ((i * 2654435761) % 2**32 >> 24).astype(numpy.uint8).reshape(height, width, 3)


with open(sys.argv[1], "w") as file:
    for height, width in SIZES:
        for filter, mode in MODES.items():
            for shorter in (0, 32, 37, 40):
                steps = [Resize((32, 32), mode)] if shorter == 0 else [Resize(shorter, mode), CenterCrop(32)]
                pixels = numpy.asarray(Compose(steps)(Image.fromarray(image(height, width))))
                digest = hashlib.sha256(pixels.tobytes()).hexdigest()
                print(height, width, filter, shorter, digest, file=file)
