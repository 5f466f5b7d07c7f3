"""Predicts an image with PyTorch as `deno task predict` does: the whole command, to be timed from outside.

    deno task convert best.safetensors best.pth
    python3 torch_predict.py IMAGE --model best.pth [--size 256] [--output predictions] [--figure pillow|matplotlib]

Reads the weights, resizes and normalizes the image as the original does, and writes a mask, the probabilities and a
figure of image, mask and overlay as PNGs.

Debian: python3-torch, python3-pil, python3-numpy, python3-matplotlib.
"""
import argparse
import sys
from pathlib import Path


def arguments():
    parser = argparse.ArgumentParser(description="Predict an image with PyTorch.")
    parser.add_argument("image", type=Path)
    parser.add_argument("--model", type=Path, required=True, help="a state dict, .pth")
    parser.add_argument("--size", type=int, default=256, help="rows and columns of the network's input")
    parser.add_argument("--output", type=Path, default=Path("predictions"))
    parser.add_argument("--figure", choices=("pillow", "matplotlib"), default="pillow", help="what draws the figure")
    return parser.parse_args()


def overlay_of(pixels, mask):
    """The image with the mask's outline in red."""
    import numpy as np

    inner = mask.copy()
    inner[1:] &= mask[:-1]
    inner[:-1] &= mask[1:]
    inner[:, 1:] &= mask[:, :-1]
    inner[:, :-1] &= mask[:, 1:]
    overlay = pixels.copy()
    overlay[mask & ~inner] = np.array([255, 0, 0], np.uint8)
    return overlay


def draw_pillow(panels, title, path):
    from PIL import Image, ImageDraw

    width, height = panels[0][1].shape[1], panels[0][1].shape[0]
    margin = 16
    figure = Image.new("RGB", (margin + 3 * (width + margin), height + 4 * margin), "white")
    draw = ImageDraw.Draw(figure)
    draw.text((margin, 4), title, fill="black")
    for index, (caption, pixels) in enumerate(panels):
        left = margin + index * (width + margin)
        figure.paste(Image.fromarray(pixels), (left, 2 * margin))
        draw.text((left, height + 2 * margin + 4), caption, fill="black")
    figure.save(path)


def draw_matplotlib(panels, title, path):
    import matplotlib

    matplotlib.use("Agg")
    from matplotlib import pyplot

    figure, axes = pyplot.subplots(1, 3, figsize=(9, 3.5))
    figure.suptitle(title)
    for axis, (caption, pixels) in zip(axes, panels):
        axis.imshow(pixels)
        axis.set_title(caption)
        axis.axis("off")
    figure.savefig(path)


def main():
    # Parsed before the slow import, so that --help and mistakes answer at once.
    args = arguments()
    sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "fixtures" / "unet"))
    import numpy as np
    import torch
    from PIL import Image
    from torch.nn.functional import interpolate

    from torch_unet import UNet

    state = torch.load(args.model, map_location="cpu")
    net = UNet(filters=state["down1.conv1.weight"].shape[0])
    net.load_state_dict(state)
    net.eval()
    pixels = np.array(Image.open(args.image).convert("RGB"))
    image = torch.from_numpy(pixels).permute(2, 0, 1).float()[None] / 255
    image = interpolate(image, size=(args.size, args.size), mode="bilinear", antialias=True)
    mean = torch.tensor([0.485, 0.456, 0.406]).view(3, 1, 1)
    deviation = torch.tensor([0.229, 0.224, 0.225]).view(3, 1, 1)
    with torch.no_grad():
        logits = net((image - mean) / deviation)
        probabilities = torch.sigmoid(interpolate(logits, size=pixels.shape[:2], mode="bilinear"))[0, 0].numpy()
    mask = probabilities > 0.5
    args.output.mkdir(parents=True, exist_ok=True)
    name = args.output / args.image.stem
    levels = np.where(mask, 255, 0).astype(np.uint8)
    Image.fromarray(levels).save(f"{name}_mask.png")
    Image.fromarray(np.rint(255 * probabilities).astype(np.uint8)).save(f"{name}_probability.png")
    panels = [
        ("Original image", pixels),
        ("Predicted mask", np.repeat(levels[..., None], 3, axis=2)),
        ("Overlay", overlay_of(pixels, mask)),
    ]
    draw = draw_pillow if args.figure == "pillow" else draw_matplotlib
    draw(panels, f"{int(mask.sum())} px ({100 * mask.mean():.2f} %) in {args.image.name}", f"{name}_figure.png")
    print(f"{args.image}: {int(mask.sum())} pixels")


main()
