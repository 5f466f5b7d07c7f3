"""Speed of the original's data loader: the counterpart of data_bench.ts.

Pillow opens an image as RGB; torchvision converts it to a tensor, resizes it with an antialiased bilinear filter and
normalizes it. COCO's polygons are drawn by pycocotools, or by Pillow if it is missing, its runs decoded by NumPy. A
DataLoader does this in the given number of processes, in batches of 32. Debian: python3-torchvision, python3-pil.

    python3 tests/bench/data_pipeline.py [dataset] [processes] [runs]
"""
import json, os, sys, time
import numpy as np
import torch
from PIL import Image, ImageDraw
from torchvision import transforms

try:
    from pycocotools import mask as coco_mask
except ImportError:
    coco_mask = None

SIZE, BATCH, RUNS = 256, 32, 5


def run_lengths(counts):
    """The lengths of runs in COCO's compressed text: groups of five bits, from the third run on as differences."""
    lengths, value, shift = [], 0, 0
    for letter in counts:
        digit = ord(letter) - 48
        value |= (digit & 31) << shift
        shift += 5
        if digit & 32:
            continue
        if digit & 16:
            value -= 1 << shift
        lengths.append(value + (lengths[-2] if len(lengths) > 2 else 0))
        value, shift = 0, 0
    return lengths


def runs_mask(rle):
    """The mask of runs, which alternate between 0 and 1 and go down the columns."""
    height, width = rle["size"]
    counts = rle["counts"]
    lengths = run_lengths(counts) if isinstance(counts, str) else counts
    values = np.arange(len(lengths), dtype=np.uint8) % 2
    return np.repeat(values, lengths).reshape(width, height).T


def annotation_mask(annotation, width, height):
    segmentation = annotation["segmentation"]
    if isinstance(segmentation, dict):
        return runs_mask(segmentation)
    if coco_mask is not None:
        return coco_mask.decode(coco_mask.merge(coco_mask.frPyObjects(segmentation, height, width)))
    image = Image.new("L", (width, height))
    for polygon in segmentation:
        ImageDraw.Draw(image).polygon(polygon, fill=1)
    return np.asarray(image)


class Split(torch.utils.data.Dataset):
    def __init__(self, folder):
        self.folder = folder
        with open(os.path.join(folder, "_annotations.coco.json")) as file:
            coco = json.load(file)
        self.images = coco["images"]
        self.annotations = {}
        for annotation in coco["annotations"]:
            self.annotations.setdefault(annotation["image_id"], []).append(annotation)
        self.transform = transforms.Compose([
            transforms.ToTensor(),
            transforms.Resize((SIZE, SIZE), antialias=True),
            transforms.Normalize([0.485, 0.456, 0.406], [0.229, 0.224, 0.225]),
        ])

    def __len__(self):
        return len(self.images)

    def __getitem__(self, index):
        info = self.images[index]
        image = Image.open(os.path.join(self.folder, info["file_name"])).convert("RGB")
        mask = np.zeros((info["height"], info["width"]), np.uint8)
        for annotation in self.annotations.get(info["id"], []):
            mask = np.maximum(mask, annotation_mask(annotation, info["width"], info["height"]))
        mask = torch.from_numpy(mask)[None, None].float()
        mask = torch.nn.functional.interpolate(mask, size=(SIZE, SIZE), mode="nearest")[0]
        return self.transform(image), mask


if __name__ == "__main__":
    folder = os.path.join(sys.argv[1] if len(sys.argv) > 1 else "dataset", "train")
    processes = int(sys.argv[2]) if len(sys.argv) > 2 else os.cpu_count()
    runs = int(sys.argv[3]) if len(sys.argv) > 3 else RUNS
    torch.set_num_threads(1)
    split = Split(folder)
    best = float("inf")
    for _ in range(runs):
        start = time.perf_counter()
        for _ in torch.utils.data.DataLoader(split, batch_size=BATCH, num_workers=processes):
            pass
        best = min(best, time.perf_counter() - start)
    print(f"load {len(split)} images, {processes} processes: {best:.2f} s, {len(split) / best:.0f} images a second")
