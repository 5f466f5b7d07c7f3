"""Trains the same network in PyTorch on the same dataset: the counterpart of `deno task train` in docs/real_dataset.md.

    python3 torch_train.py --filters 8 --size 128 --batch-size 16 --learning-rate 1e-3 --epochs 20 --seed 0 [--strong]

Network, loss and optimizer are the original's. Images are decoded by Pillow, resized as torchvision does (antialiased
bilinear, on tensors) and normalized; masks are those of `deno task masks`, resized by nearest neighbor. Uses a CUDA
device if there is one. --strong applies the recipe of that name except for its learning rate: instance norm, each
image's own mean and deviation, AdamW, warm-up and cosine, clipping, light augmentation (--no-flips leaves out its
flips), EMA of the weights. With --classes 2 or more, masks hold class indices, the head is a softmax and the loss 0.4
cross-entropy + 0.6 mean Dice loss over the classes. Prints one JSON line per epoch, then one with the results of the best
epoch on the valid and test splits: losses weighted by sample, pooled Dice, its mean over classes.

Debian: python3-torch, python3-pil.
"""
import argparse
import json
import math
import sys
import time
from pathlib import Path


def arguments():
    parser = argparse.ArgumentParser(description="Train the same network in PyTorch.")
    parser.add_argument("--data", default="dataset", help="the dataset, with masks/ by `deno task masks`")
    parser.add_argument("--filters", type=int, default=32)
    parser.add_argument("--size", type=int, default=256)
    parser.add_argument("--batch-size", type=int, default=32)
    parser.add_argument("--learning-rate", type=float, default=1e-4)
    parser.add_argument("--epochs", type=int, default=40)
    parser.add_argument("--patience", type=int, default=8, help="0 for never")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--threads", type=int, default=0, help="0: the default of PyTorch")
    parser.add_argument("--strong", action="store_true")
    parser.add_argument("--no-flips", action="store_true")
    parser.add_argument("--classes", type=int, default=1, help="of masks with class indices; 1: any value is foreground")
    return parser.parse_args()


def read_split(folder, masks, size, own_statistics, classes):
    """Images [n, 3, size, size], normalized, and masks [n, 1, size, size] of one split: 0 or 1, or class indices."""
    import numpy as np
    import torch
    from PIL import Image
    from torch.nn.functional import interpolate

    mean = torch.tensor([0.485, 0.456, 0.406]).view(3, 1, 1)
    deviation = torch.tensor([0.229, 0.224, 0.225]).view(3, 1, 1)
    images, targets = [], []
    listed = json.loads((folder / "_annotations.coco.json").read_text())["images"]
    for info in listed:
        path = folder / info["file_name"]
        image = torch.from_numpy(np.array(Image.open(path).convert("RGB"))).permute(2, 0, 1).float() / 255
        image = interpolate(image[None], size=(size, size), mode="bilinear", antialias=True)[0]
        if own_statistics:
            image = (image - image.mean()) / image.std(unbiased=False).clamp_min(1e-6)
        else:
            image = (image - mean) / deviation
        mask = Image.open(masks / (path.stem + ".png"))
        mask = torch.from_numpy(np.array(mask) if classes > 1 else np.array(mask.convert("L")) > 0).float()
        images.append(image)
        targets.append(interpolate(mask[None, None], size=(size, size), mode="nearest")[0])
    return torch.stack(images), torch.stack(targets)


def augment(images, masks, flips):
    """The recipe's light augmentation: flips, 10 degrees, 10 % size, 5 % shift, 10 % contrast, 0.1 brightness."""
    import torch
    from torch.nn.functional import affine_grid, grid_sample

    count = len(images)

    def draw():
        return torch.rand(count, device=images.device) * 2 - 1

    angle = draw() * math.radians(10)
    zoom = 1 / (1 + 0.1 * draw())
    flip_x, flip_y = (torch.sign(draw()), torch.sign(draw())) if flips else (torch.ones(count), torch.ones(count))
    flip_x, flip_y = flip_x.to(images.device), flip_y.to(images.device)
    theta = torch.stack([
        torch.stack([flip_x * zoom * angle.cos(), flip_x * zoom * angle.sin(), 0.1 * draw()], 1),
        torch.stack([-flip_y * zoom * angle.sin(), flip_y * zoom * angle.cos(), 0.1 * draw()], 1),
    ], 1)
    grid = affine_grid(theta, list(images.shape), align_corners=False)
    moved = grid_sample(images, grid, padding_mode="border", align_corners=False)
    gain, offset = 1 + 0.1 * draw().view(-1, 1, 1, 1), 0.1 * draw().view(-1, 1, 1, 1)
    return gain * moved + offset, grid_sample(masks, grid, mode="nearest", align_corners=False)


def class_loss(logits, target, classes):
    """0.4 cross-entropy + 0.6 (1 - the mean Dice of the classes over the whole batch) of [n, 1 + classes, h, w]."""
    import torch

    entropy = torch.nn.functional.cross_entropy(logits, target)
    p = torch.softmax(logits, 1)[:, 1:]
    t = torch.nn.functional.one_hot(target, 1 + classes).permute(0, 3, 1, 2)[:, 1:]
    overlap, total = (p * t).sum((0, 2, 3)), (p + t).sum((0, 2, 3))
    return 0.4 * entropy + 0.6 * (1 - (2 * overlap + 1e-6) / (total + 1e-6)).mean()


def rate_at(epoch, batch, batches, args):
    """Learning rate of a batch: constant, or a warm-up of one epoch followed by half a cosine."""
    if not args.strong:
        return args.learning_rate
    before, after = epoch - 1 + batch / batches, epoch - 1 + (batch + 1) / batches
    if after < 1:
        return args.learning_rate * after
    if before <= 1:
        return args.learning_rate
    return args.learning_rate * 0.5 * (1 + math.cos(math.pi * (before - 1) / (args.epochs - 1)))


def main():
    args = arguments()
    sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "fixtures" / "unet"))
    import torch

    from torch_unet import UNet, loss_parts

    if args.threads > 0:
        torch.set_num_threads(args.threads)
    torch.manual_seed(args.seed)
    device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
    data = Path(args.data)
    splits = {
        name: [
            t.to(device) for t in read_split(data / name, data / "masks" / name, args.size, args.strong, args.classes)
        ]
        for name in ("train", "valid", "test")
    }
    several = args.classes > 1
    net = UNet(
        out_channels=1 + args.classes if several else 1,
        filters=args.filters,
        norm="instance" if args.strong else "none",
    ).to(device)

    def loss_of(logits, target):
        return class_loss(logits, target[:, 0].long(), args.classes) if several else loss_parts(logits, target)["loss"]

    parameters = list(net.parameters())
    if args.strong:
        optimizer = torch.optim.AdamW(parameters, lr=args.learning_rate, weight_decay=0.01)
    else:
        optimizer = torch.optim.Adam(parameters, lr=args.learning_rate)
    average = [p.detach().clone() for p in parameters] if args.strong else None

    def evaluate(split):
        net.eval()
        images, masks = splits[split]
        loss = correct = 0.0
        # Overlap, predicted and true pixels of each class.
        counts = torch.zeros(3, args.classes)
        with torch.no_grad():
            for x, t in zip(images.split(args.batch_size), masks.split(args.batch_size)):
                logits = net(x)
                loss += loss_of(logits, t).item() * len(x)
                p = logits.argmax(1, keepdim=True).float() if several else torch.sigmoid(logits).round()
                correct += (p == t).sum().item()
                for index in range(args.classes):
                    p_class, t_class = p == index + 1, t == index + 1
                    for row, pixels in enumerate((p_class & t_class, p_class, t_class)):
                        counts[row, index] += pixels.sum().item()
        dice = 2 * counts[0] / (counts[1] + counts[2]).clamp_min(1)
        return {
            "loss": loss / len(images),
            "accuracy": correct / masks.numel(),
            "dice": dice.mean().item(),
            **({"classes": dice.tolist()} if several else {}),
        }

    def with_ema(work):
        """Runs with the EMA of the weights in place, if there is one."""
        if average is None:
            return work()
        trained = [p.detach().clone() for p in parameters]
        with torch.no_grad():
            for p, a in zip(parameters, average):
                p.copy_(a)
            result = work()
            for p, t in zip(parameters, trained):
                p.copy_(t)
        return result

    images, masks = splits["train"]
    batches = math.ceil(len(images) / args.batch_size)
    best, stale = None, 0
    updates = 0
    for epoch in range(1, args.epochs + 1):
        start = time.perf_counter()
        net.train()
        total = 0.0
        for batch, index in enumerate(torch.randperm(len(images)).split(args.batch_size)):
            x, t = images[index.to(device)], masks[index.to(device)]
            if args.strong:
                x, t = augment(x, t, not args.no_flips)
            for group in optimizer.param_groups:
                group["lr"] = rate_at(epoch, batch, batches, args)
            optimizer.zero_grad(set_to_none=True)
            loss = loss_of(net(x), t)
            loss.backward()
            if args.strong:
                torch.nn.utils.clip_grad_norm_(parameters, 1)
            optimizer.step()
            updates += 1
            if average is not None:
                # As emaDecay in kernels/average/average.ts: a ramp that soon forgets the initial weights.
                keep = min(0.99, (1 + updates) / (10 + updates))
                with torch.no_grad():
                    for p, a in zip(parameters, average):
                        a.mul_(keep).add_(p, alpha=1 - keep)
            total += loss.item() * len(x)
        if device.type == "cuda":
            torch.cuda.synchronize()
        seconds = time.perf_counter() - start
        valid = with_ema(lambda: evaluate("valid"))
        print(json.dumps({
            "epoch": epoch,
            "seconds": round(seconds, 2),
            "train": {"loss": total / len(images)},
            "valid": valid,
        }), flush=True)
        if best is None or valid["loss"] < best["loss"]:
            kept = with_ema(lambda: {k: v.detach().clone() for k, v in net.state_dict().items()})
            best, stale = {"epoch": epoch, "loss": valid["loss"], "weights": kept}, 0
        else:
            stale += 1
            if args.patience and stale >= args.patience:
                break
    net.load_state_dict(best["weights"])
    print(json.dumps({
        "peer": f"PyTorch {torch.__version__}",
        "seed": args.seed,
        "strong": args.strong,
        "bestEpoch": best["epoch"],
        "valid": evaluate("valid"),
        "test": evaluate("test"),
    }))


if __name__ == "__main__":
    main()
