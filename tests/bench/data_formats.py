"""Speed of preparing JPEGs, PNGs, TIFFs and images of 16 bits, next to Pillow and torchvision, in turns.

Writes copies of a split's first images, 640 px wide, in each format below FOLDER, unless they are there, then times
data_formats.ts and the data loader of data_pipeline.py with as many processes on each, and prints images per second,
bests of the turns, and their ratios: of a first split, in new Workers, and of the next ones, in the same. Takes less
than 30 s per format. Debian: python3-torchvision, python3-pil,
python3-numpy.

    python3 tests/bench/data_formats.py DATASET FOLDER [images] [format]
"""
import json, os, re, subprocess, sys
from pathlib import Path

import numpy as np
from PIL import Image

WIDTH, TURNS, RUNS, BENCH = 640, 2, 3, Path(__file__).resolve().parent
FORMATS = {"JPEG": "jpg", "PNG": "png", "TIFF": "tif", "PNG, 16 bits": "png", "TIFF, 16 bits": "tif"}


def write_copies(split, folder, kind, count):
    """The first images in a format, and their annotations at the new size."""
    written = folder / "_annotations.coco.json"
    if written.exists() and len(json.loads(written.read_text())["images"]) == count:
        return
    coco = json.loads((split / "_annotations.coco.json").read_text())
    folder.mkdir(parents=True, exist_ok=True)
    images, annotations = [], []
    for index, info in enumerate(coco["images"][:count]):
        image = Image.open(split / info["file_name"]).convert("RGB").resize((WIDTH, WIDTH))
        if "16 bits" in kind:
            image = Image.fromarray(np.asarray(image.convert("L")).astype(np.uint16) * 257)
        name = f"{index}.{FORMATS[kind]}"
        image.save(folder / name, **({"quality": 90} if kind == "JPEG" else {}))
        images.append({**info, "file_name": name, "width": WIDTH, "height": WIDTH})
        scale = (WIDTH / info["width"], WIDTH / info["height"])
        for annotation in coco["annotations"]:
            if annotation["image_id"] != info["id"]:
                continue
            segmentation = annotation["segmentation"]
            if isinstance(segmentation, list):
                scaled = [[value * scale[at % 2] for at, value in enumerate(polygon)] for polygon in segmentation]
                annotations.append({**annotation, "segmentation": scaled})
            elif scale == (1, 1):
                # Runs cannot be scaled.
                annotations.append(annotation)
    document = {**coco, "images": images, "annotations": annotations}
    written.write_text(json.dumps(document))


def rates(command):
    """Images per second that a command prints."""
    output = subprocess.run(command, capture_output=True, check=True, text=True, cwd=BENCH.parent.parent).stdout
    return [float(rate) for rate in re.findall(r"(\d+) images a second", output)]


def main():
    data, folder = Path(sys.argv[1]).resolve(), Path(sys.argv[2]).resolve()
    count = int(sys.argv[3]) if len(sys.argv) > 3 else 128
    kinds = sys.argv[4:] or list(FORMATS)
    processes = str(os.cpu_count())
    print(f"{count} images of {WIDTH} px prepared at 256 px, {processes} processes, images per second")
    copies_of = {kind: folder / f"{count}_{re.sub(r'[^A-Z0-9]+', '_', kind)}" for kind in kinds}
    for kind, copies in copies_of.items():
        write_copies(data / "train", copies / "train", kind, count)
    for kind, copies in copies_of.items():
        ours = ["deno", "run", "-q", "-P=test-bench", f"--allow-read={BENCH.parent.parent},{copies}"]
        ours += [str(BENCH / "data_formats.ts"), str(copies)]
        theirs = [sys.executable, str(BENCH / "data_pipeline.py"), str(copies), processes, str(RUNS)]
        speeds = [rates(ours) + rates(theirs) for _ in range(TURNS)]
        first, next_, loader = [max(column) for column in zip(*speeds)]
        ratios = f"ratios {first / loader:.2f} {next_ / loader:.2f}"
        print(f"{kind:15} {first:5.0f} {next_:5.0f}  Pillow and torchvision {loader:5.0f}  {ratios}", flush=True)


main()
