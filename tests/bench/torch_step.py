"""Times the same network in PyTorch on the CPU: the peer of this project's speed tables.

    python3 torch_step.py --filters 8 --size 128 --batch 8 [--norm instance] [--threads 2] [--steps 10] [--forward]
                          [--serve]

Prints one JSON document: best and median milliseconds of a forward pass without gradients, of the same as a call from
an array of NumPy's to one of probabilities and, unless --forward is given, of a whole training step (forward, loss,
backward, Adam; dropout on). With --serve it instead answers one line at a
time, as tests/bench/peers/serve.ts describes, for `deno task bench --peers`.
"""
import argparse
import json
import statistics
import sys
import time
from pathlib import Path


def arguments():
    parser = argparse.ArgumentParser(description="Time the network in PyTorch on the CPU.")
    parser.add_argument("--filters", type=int, default=8, help="channels of the first level")
    parser.add_argument("--size", type=int, default=128, help="rows and columns of an image, a multiple of 32")
    parser.add_argument("--batch", type=int, default=8, help="images in a batch")
    parser.add_argument("--norm", choices=("none", "instance"), default="none", help="normalization")
    parser.add_argument("--threads", type=int, default=0, help="threads of PyTorch (0: its default)")
    parser.add_argument("--steps", type=int, default=10, help="timed repetitions, after two warm-up ones")
    parser.add_argument("--forward", action="store_true", help="time only the forward pass")
    parser.add_argument("--serve", action="store_true", help="do one repetition per line of standard input")
    return parser.parse_args()


def measure(repeat, count):
    """Best and median milliseconds of `count` calls, after two warm-up calls."""
    times = []
    for _ in range(count + 2):
        start = time.perf_counter()
        repeat()
        times.append(1000 * (time.perf_counter() - start))
    timed = times[2:]
    return {"best": round(min(timed), 3), "median": round(statistics.median(timed), 3)}


def serve(name, work):
    """Warms up, reports that it is ready, and does one piece of work per line until standard input ends."""
    for prepare, repeat in work.values():
        prepare()
        repeat()
        repeat()
    print(json.dumps({"ready": name, "work": list(work)}), flush=True)
    for line in sys.stdin:
        prepare, repeat = work[line.strip()]
        prepare()
        start = time.perf_counter()
        repeat()
        print(json.dumps({"seconds": time.perf_counter() - start}), flush=True)


def main():
    # Parsed before the slow import, so that --help and mistakes answer at once.
    args = arguments()
    sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "fixtures" / "unet"))
    import torch

    from torch_unet import UNet, loss_parts

    if args.threads > 0:
        torch.set_num_threads(args.threads)
    torch.manual_seed(0)
    net = UNet(filters=args.filters, norm=args.norm)
    images = torch.randn(args.batch, 3, args.size, args.size)
    target = (torch.rand(args.batch, 1, args.size, args.size) > 0.8).float()
    optimizer = torch.optim.Adam(net.parameters(), lr=1e-4)

    def forward():
        with torch.no_grad():
            torch.sigmoid(net(images))

    values = images.numpy()

    def predict():
        with torch.no_grad():
            return torch.sigmoid(net(torch.from_numpy(values))).numpy()

    def step():
        optimizer.zero_grad(set_to_none=True)
        loss_parts(net(images), target)["loss"].backward()
        optimizer.step()

    name = f"PyTorch {torch.__version__}, CPU"
    if args.serve:
        serve(name, {"forward": (net.eval, forward), "predict": (net.eval, predict), "step": (net.train, step)})
        return
    net.eval()
    result = {
        "peer": name,
        "threads": torch.get_num_threads(),
        **{key: getattr(args, key) for key in ("filters", "size", "batch", "norm", "steps")},
        "forwardMilliseconds": measure(forward, args.steps),
        "predictMilliseconds": measure(predict, args.steps),
    }
    if not args.forward:
        net.train()
        result["stepMilliseconds"] = measure(step, args.steps)
    print(json.dumps(result))


if __name__ == "__main__":
    main()
