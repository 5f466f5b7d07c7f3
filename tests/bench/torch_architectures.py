"""Compares architectures at equal time in PyTorch: the encoder's blocks and deep supervision, in docs/results/architectures.md.

    python3 torch_architectures.py --data dataset/nuclei --steps 900 --encoder residual --deep-supervision --seeds 0 1 2
    python3 torch_architectures.py --time          # milliseconds per step of each variant, measured in turns

The plain network is the product's; loss, recipe `strong` and preprocessing are those of torch_train.py, with a sigmoid
per class. Reads a COCO dataset whose annotations are compressed RLE, which is what `deno task import` writes.

--encoder residual adds each encoder block's input, projected by a 1x1 convolution and a norm, before the block's last
ReLU; --blocks gives the number of blocks per level (further ones keep their channels). --deep-supervision adds a 1x1
convolution at 1/2, 1/4 and 1/8 of the resolution, whose losses on masks of that size weigh 1/2, 1/4 and 1/8 of the
whole resolution's, divided by the sum of the weights, as in nnU-Net; prediction does without them.

Prints one JSON line per seed: pooled Dice, its mean over classes, on the valid and test splits, of the weights with the
lowest validation loss of --checks evaluations. Debian: python3-torch, python3-pil.
"""
import argparse
import json
import math
import sys
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent))
sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "fixtures" / "unet"))

import numpy as np
import torch
from PIL import Image
from torch import nn
from torch.nn.functional import interpolate

from torch_train import augment
from torch_unet import DownBlock, UNet, loss_parts, make_norm


def arguments():
    parser = argparse.ArgumentParser(description="Compare encoders and deep supervision at equal time.")
    parser.add_argument("--data", help="an imported dataset")
    parser.add_argument("--encoder", choices=["plain", "residual"], default="plain")
    parser.add_argument("--blocks", type=int, nargs="+", default=[1], help="per level and bottleneck; one for all")
    parser.add_argument("--deep-supervision", action="store_true")
    parser.add_argument("--steps", type=int, default=1000)
    parser.add_argument("--checks", type=int, default=10, help="evaluations on the valid split, evenly spaced")
    parser.add_argument("--seeds", type=int, nargs="+", default=[0])
    parser.add_argument("--filters", type=int, default=8)
    parser.add_argument("--size", type=int, default=64)
    parser.add_argument("--batch-size", type=int, default=8)
    parser.add_argument("--learning-rate", type=float, default=3e-3)
    parser.add_argument("--no-flips", action="store_true")
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--time", action="store_true", help="measure the time per step of each variant and stop")
    return parser.parse_args()


def decode_rle(rle):
    """COCO's compressed RLE: bytes of 5 bits and a sign, differences to the run before the last, by columns."""
    height, width = rle["size"]
    counts, value, shift = [], 0, 0
    for code in rle["counts"].encode():
        code -= 48
        value |= (code & 31) << shift
        shift += 5
        if code & 32:
            continue
        if code & 16:
            value |= -1 << shift
        counts.append(value + (counts[-2] if len(counts) > 2 else 0))
        value, shift = 0, 0
    pixels = np.repeat(np.arange(len(counts)) % 2, counts)
    return pixels.reshape(width, height).T.astype(bool)


def read_split(folder, size):
    """Images [n, 3, size, size], each with its own mean and deviation, and masks [n, classes, size, size]."""
    coco = json.loads((folder / "_annotations.coco.json").read_text())
    channels = {category["id"]: index for index, category in enumerate(coco["categories"])}
    masks = {info["id"]: np.zeros((len(channels), info["height"], info["width"]), bool) for info in coco["images"]}
    for annotation in coco["annotations"]:
        masks[annotation["image_id"]][channels[annotation["category_id"]]] |= decode_rle(annotation["segmentation"])
    images, targets = [], []
    for info in coco["images"]:
        pixels = np.array(Image.open(folder / info["file_name"]).convert("RGB"))
        image = torch.from_numpy(pixels).permute(2, 0, 1).float() / 255
        image = interpolate(image[None], size=(size, size), mode="bilinear", antialias=True)[0]
        images.append((image - image.mean()) / image.std(unbiased=False).clamp_min(1e-6))
        mask = torch.from_numpy(masks[info["id"]]).float()
        targets.append(interpolate(mask[None], size=(size, size), mode="nearest")[0])
    return torch.stack(images), torch.stack(targets)


class ResidualBlock(DownBlock):
    """Two 3x3 convolutions whose input is added before the last ReLU; then dropout, as in the plain block."""

    def __init__(self, in_channels, out_channels, norm, dropout=0.0):
        super().__init__(in_channels, out_channels, norm, dropout)
        self.shortcut = nn.Identity() if in_channels == out_channels else nn.Sequential(
            nn.Conv2d(in_channels, out_channels, 1, bias=False), make_norm(out_channels, norm)
        )

    def forward(self, x):
        y = torch.relu(self.norm1(self.conv1(x)))
        return self.dropout(torch.relu(self.norm2(self.conv2(y)) + self.shortcut(x)))


class Network(UNet):
    """The product's network, with other encoder blocks and with heads at lower resolutions as options."""

    def __init__(self, classes, filters, encoder, blocks, deep):
        super().__init__(out_channels=classes, filters=filters, norm="instance")
        self.heads = nn.ModuleList(nn.Conv2d(filters * 2**level, classes, 1) for level in range(1, 4 if deep else 1))
        if encoder == "plain":
            return
        widths = [filters * 2**level for level in range(self.depth + 1)]
        blocks = blocks * len(widths) if len(blocks) == 1 else blocks
        for level, width in enumerate(widths):
            dropout = 0.4 if level == self.depth else 0.0
            stages = [ResidualBlock(([3] + widths)[level], width, "instance", dropout if blocks[level] == 1 else 0.0)]
            for index in range(1, blocks[level]):
                stages.append(ResidualBlock(width, width, "instance", dropout if index == blocks[level] - 1 else 0.0))
            setattr(self, f"down{level + 1}" if level < self.depth else "bottleneck", nn.Sequential(*stages))

    def outputs(self, x):
        """Logits at the whole resolution, then those of the heads: 1/2, 1/4 and 1/8."""
        skips, coarse = [], []
        for level in range(self.depth):
            skips.append(getattr(self, f"down{level + 1}")(x))
            x = self.pool(skips[-1])
        x = self.bottleneck(x)
        for level in range(self.depth):
            x = getattr(self, f"up{level + 1}")(x, skips.pop())
            below = self.depth - 1 - level
            if 0 < below <= len(self.heads):
                coarse.insert(0, self.heads[below - 1](x))
        return [self.outc(x)] + coarse


def loss_of(outputs, target):
    """0.6 Dice + 0.4 BCE, its mean over classes and its weighted mean over resolutions."""
    total = weights = 0.0
    for level, logits in enumerate(outputs):
        scaled = interpolate(target, size=logits.shape[2:], mode="nearest") if level else target
        parts = [loss_parts(logits[:, c], scaled[:, c])["loss"] for c in range(target.shape[1])]
        total = total + 0.5**level * sum(parts) / len(parts)
        weights += 0.5**level
    return total / weights


class Training:
    """One training run by the recipe `strong`, step by step."""

    def __init__(self, args, classes, encoder, blocks, deep):
        self.args = args
        self.net = Network(classes, args.filters, encoder, blocks, deep)
        self.parameters = list(self.net.parameters())
        self.optimizer = torch.optim.AdamW(self.parameters, lr=args.learning_rate, weight_decay=0.01)
        self.average = [p.detach().clone() for p in self.parameters]
        self.steps = 0

    def step(self, images, masks, warmup):
        """One update; the warm-up's steps are followed by half a cosine."""
        self.net.train()
        x, t = augment(images, masks, not self.args.no_flips)
        before = max(0, self.steps - warmup) / max(1, self.args.steps - warmup)
        rate = (self.steps + 1) / warmup if self.steps < warmup else 0.5 * (1 + math.cos(math.pi * before))
        for group in self.optimizer.param_groups:
            group["lr"] = self.args.learning_rate * rate
        self.optimizer.zero_grad(set_to_none=True)
        loss = loss_of(self.net.outputs(x), t)
        loss.backward()
        nn.utils.clip_grad_norm_(self.parameters, 1)
        self.optimizer.step()
        self.steps += 1
        keep = min(0.99, (1 + self.steps) / (10 + self.steps))
        with torch.no_grad():
            for p, a in zip(self.parameters, self.average):
                a.mul_(keep).add_(p, alpha=1 - keep)

    @torch.no_grad()
    def evaluate(self, images, masks):
        """Loss, and pooled Dice of each class, of the EMA of the weights."""
        trained = [p.detach().clone() for p in self.parameters]
        for p, a in zip(self.parameters, self.average):
            p.copy_(a)
        self.net.eval()
        loss, counts = 0.0, torch.zeros(2, masks.shape[1])
        for x, t in zip(images.split(32), masks.split(32)):
            logits = self.net.outputs(x)[0]
            loss += loss_of([logits], t).item() * len(x)
            p = (logits > 0).float()
            counts += torch.stack([2 * (p * t).sum((0, 2, 3)), (p + t).sum((0, 2, 3))])
        for p, t in zip(self.parameters, trained):
            p.copy_(t)
        dice = counts[0] / counts[1].clamp_min(1)
        return {"loss": loss / len(images), "dice": dice.mean().item(), "classes": dice.tolist()}


def run(args, splits, seed):
    torch.manual_seed(seed)
    images, masks = splits["train"]
    training = Training(args, masks.shape[1], args.encoder, args.blocks, args.deep_supervision)
    batches = math.ceil(len(images) / args.batch_size)
    best, order, seconds = None, [], 0.0
    for step in range(1, args.steps + 1):
        order = order or list(torch.randperm(len(images)).split(args.batch_size))
        index = order.pop(0)
        # Processor time: on a shared machine a process may wait.
        start = time.process_time()
        training.step(images[index], masks[index], batches)
        seconds += time.process_time() - start
        if step * args.checks // args.steps > (step - 1) * args.checks // args.steps:
            valid = training.evaluate(*splits["valid"])
            if best is None or valid["loss"] < best["valid"]["loss"]:
                best = {"step": step, "valid": valid, "test": training.evaluate(*splits["test"])}
    return {
        "data": Path(args.data).name,
        "encoder": args.encoder,
        "blocks": args.blocks,
        "deepSupervision": args.deep_supervision,
        "size": args.size,
        "batchSize": args.batch_size,
        "steps": args.steps,
        "seed": seed,
        "processorMsPerStep": round(1000 * seconds / args.steps, 1),
        "parameters": sum(p.numel() for p in training.parameters),
        "bestStep": best["step"],
        "valid": best["valid"],
        "test": best["test"],
    }


def measure(args):
    """Best and median milliseconds per step of each variant, in turns."""
    variants = [
        (encoder, blocks, deep)
        for encoder, blocks in (("plain", [1]), ("residual", [1]), ("residual", [1, 1, 2, 2, 2, 2]))
        for deep in (False, True)
    ]
    images = torch.randn(args.batch_size, 3, args.size, args.size)
    masks = (torch.rand(args.batch_size, 1, args.size, args.size) > 0.8).float()
    trainings = [Training(args, 1, *variant) for variant in variants]
    times = [[] for _ in variants]
    for turn in range(13):
        for training, kept in zip(trainings, times):
            start = time.perf_counter()
            training.step(images, masks, 10)
            if turn >= 3:
                kept.append(1000 * (time.perf_counter() - start))
    for (encoder, blocks, deep), kept in zip(variants, times):
        print(json.dumps({
            "encoder": encoder,
            "blocks": blocks,
            "deepSupervision": deep,
            "bestMs": round(min(kept), 1),
            "medianMs": round(sorted(kept)[len(kept) // 2], 1),
        }))


def main():
    args = arguments()
    torch.set_num_threads(args.threads)
    if args.time:
        measure(args)
        return
    splits = {name: read_split(Path(args.data) / name, args.size) for name in ("train", "valid", "test")}
    for seed in args.seeds:
        print(json.dumps(run(args, splits, seed)), flush=True)


if __name__ == "__main__":
    main()
