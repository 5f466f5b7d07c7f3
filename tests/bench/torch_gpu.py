"""Times the original's configuration in PyTorch: the counterpart of `deno task bench --gpu`, which starts it.

    python3 torch_gpu.py [--filters 32] [--size 256] [--batch 32] [--repeat 5] [--serve]

Uses a CUDA device if there is one, otherwise the CPU, where `strict` and `default` are the same: `strict` computes in
float32 throughout, `default` as PyTorch does, with TF32 in convolutions, `autocast` in bfloat16 with channels last. A step
is a training step with the upload of its batch (forward, loss, backward, Adam; dropout on), an evaluation a forward pass
with its loss, a prediction a call from an array of NumPy's to one of probabilities. What a PyTorch cannot do is left out.

Prints one JSON document; with --serve it answers one line at a time, as tests/bench/peers/serve.ts describes.
"""
import argparse
import json
import sys
import time
from pathlib import Path


def arguments():
    parser = argparse.ArgumentParser(description="Time the original's configuration in PyTorch.")
    parser.add_argument("--filters", type=int, default=32, help="channels of the first level")
    parser.add_argument("--size", type=int, default=256, help="rows and columns of an image, a multiple of 32")
    parser.add_argument("--batch", type=int, default=32, help="images per batch")
    parser.add_argument("--repeat", type=int, default=5, help="steps of one measurement")
    parser.add_argument("--serve", action="store_true", help="do one measurement per line of standard input")
    return parser.parse_args()


def main():
    # Parsed before the slow import, so that --help and mistakes answer at once.
    args = arguments()
    sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "fixtures" / "unet"))
    import torch

    from torch_unet import UNet, loss_parts

    cuda = torch.cuda.is_available()
    device = torch.device("cuda" if cuda else "cpu")
    torch.manual_seed(0)
    net = UNet(filters=args.filters).to(device)
    rounded = [False]

    def forward(images):
        """Logits in float32; in bfloat16 and with channels last if `rounded` says so."""
        if not rounded[0]:
            return net(images)
        with torch.autocast(device.type, dtype=torch.bfloat16):
            return net(images.to(memory_format=torch.channels_last)).float()

    images = torch.randn(args.batch, 3, args.size, args.size)
    target = (torch.rand(args.batch, 1, args.size, args.size) > 0.8).float()
    optimizer = torch.optim.Adam(net.parameters(), lr=1e-4)

    def step():
        net.train()
        optimizer.zero_grad(set_to_none=True)
        loss_parts(forward(images.to(device)), target.to(device))["loss"].backward()
        optimizer.step()

    def evaluate():
        net.eval()
        with torch.no_grad():
            loss_parts(forward(images.to(device)), target.to(device))

    values = images.numpy()

    def predict():
        net.eval()
        with torch.no_grad():
            torch.sigmoid(forward(torch.from_numpy(values).to(device))).cpu().numpy()

    def measure(precision, repeat):
        torch.backends.cudnn.allow_tf32 = precision != "strict"
        if rounded[0] != (precision == "autocast"):
            rounded[0] = precision == "autocast"
            net.to(memory_format=torch.channels_last if rounded[0] else torch.contiguous_format)
        torch.backends.cuda.matmul.allow_tf32 = False
        if cuda:
            torch.cuda.synchronize()
            torch.cuda.reset_peak_memory_stats()
        start = time.perf_counter()
        for _ in range(args.repeat):
            repeat()
        if cuda:
            torch.cuda.synchronize()
        answer = {"seconds": (time.perf_counter() - start) / args.repeat}
        if cuda:
            answer["peakBytes"] = torch.cuda.max_memory_allocated()
        return answer

    work = {
        f"{precision} {name}": (precision, repeat)
        for precision in ("strict", "default", "autocast")
        for name, repeat in (("step", step), ("evaluate", evaluate), ("predict", predict))
    }
    for key, item in list(work.items()):
        try:
            measure(*item)
        except RuntimeError as error:
            print(f"{key} is left out: {error}", file=sys.stderr)
            del work[key]
    name = f"PyTorch {torch.__version__}, " + (torch.cuda.get_device_name() if cuda else "CPU")
    if not args.serve:
        print(json.dumps({"peer": name, **{key: measure(*item) for key, item in work.items()}}))
        return
    print(json.dumps({"ready": name, "work": list(work)}), flush=True)
    for line in sys.stdin:
        print(json.dumps(measure(*work[line.strip()])), flush=True)


if __name__ == "__main__":
    main()
