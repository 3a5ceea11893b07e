"""PyTorch as a contender: speaks the protocol of harness/serve-work.ts, a JSON line in, a JSON line out.

Models and kernels are written as a PyTorch user would. The only parameter is JSON: threads, and cuda (use the GPU where there is one).
"""
import json
import sys
import time

STARTED = time.perf_counter()

import torch
from torch import nn
import torch.nn.functional as F

MAX_TIMES = 256


def gelu(x: torch.Tensor) -> torch.Tensor:
    try:
        return F.gelu(x, approximate="tanh")
    except TypeError:
        return F.gelu(x)


def attention(q: torch.Tensor, k: torch.Tensor, v: torch.Tensor) -> torch.Tensor:
    if hasattr(F, "scaled_dot_product_attention"):
        return F.scaled_dot_product_attention(q, k, v, is_causal=True)
    length = q.shape[-2]
    mask = torch.ones(length, length, dtype=torch.bool, device=q.device).tril()
    scores = (q @ k.transpose(-2, -1)) * q.shape[-1] ** -0.5
    return scores.masked_fill(~mask, float("-inf")).softmax(-1) @ v


class Block(nn.Module):
    def __init__(self, width: int, heads: int) -> None:
        super().__init__()
        self.heads = heads
        self.norm1, self.norm2 = nn.LayerNorm(width), nn.LayerNorm(width)
        self.qkv, self.out = nn.Linear(width, 3 * width), nn.Linear(width, width)
        self.up, self.down = nn.Linear(width, 4 * width), nn.Linear(4 * width, width)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        b, t, w = x.shape
        q, k, v = self.qkv(self.norm1(x)).view(b, t, 3, self.heads, w // self.heads).permute(2, 0, 3, 1, 4)
        x = x + self.out(attention(q, k, v).transpose(1, 2).reshape(b, t, w))
        return x + self.down(gelu(self.up(self.norm2(x))))


class Gpt(nn.Module):
    def __init__(self, vocab: int, layers: int, heads: int, width: int, block: int) -> None:
        super().__init__()
        self.tokens, self.positions = nn.Embedding(vocab, width), nn.Embedding(block, width)
        self.blocks = nn.Sequential(*[Block(width, heads) for _ in range(layers)])
        self.norm, self.head = nn.LayerNorm(width), nn.Linear(width, vocab, bias=False)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        h = self.tokens(x) + self.positions(torch.arange(x.shape[1], device=x.device))
        return self.head(self.norm(self.blocks(h)))


def dense_stack(sizes: list) -> list:
    layers = []
    for a, b in zip(sizes, sizes[1:]):
        layers += [nn.Linear(a, b), nn.ReLU()]
    return layers[:-1]


def convnet(spec: dict) -> nn.Module:
    colours, height, width = spec["input"]
    layers, channels = [], [colours, *spec["channels"]]
    for a, b in zip(channels, channels[1:]):
        layers += [nn.Conv2d(a, b, spec["kernel"], padding=spec["kernel"] // 2), nn.ReLU(), nn.MaxPool2d(2)]
    shrink = 2 ** len(spec["channels"])
    features = channels[-1] * (height // shrink) * (width // shrink)
    return nn.Sequential(*layers, nn.Flatten(), *dense_stack([features, *spec["hidden"], spec["outputs"]]))


def step(work: dict, device: str):
    spec, batch = work["model"], work["batch"]
    if spec["type"] == "gpt":
        model = Gpt(spec["vocab"], spec["layers"], spec["heads"], spec["width"], spec["block"]).to(device)
        x = torch.randint(spec["vocab"], (batch, spec["block"]), device=device)
        y = x.flatten()
        loss = lambda: F.cross_entropy(model(x).flatten(0, 1), y)
    elif spec["type"] in ("mlp", "convnet"):
        mlp = spec["type"] == "mlp"
        model = nn.Sequential(*dense_stack([spec["inputs"], *spec["hidden"], spec["outputs"]])) if mlp else convnet(spec)
        model.to(device)
        x = torch.randn(batch, *([spec["inputs"]] if mlp else spec["input"]), device=device)
        y = torch.randint(spec["outputs"], (batch,), device=device)
        loss = lambda: F.cross_entropy(model(x), y)
    else:
        raise ValueError(f"no {spec['type']} is written for PyTorch")

    def run() -> None:
        model.zero_grad(set_to_none=True)
        value = loss()
        value.backward()
        value.item()

    return run


def kernel(work: dict, device: str):
    kind = work["kind"]
    make = lambda *shape: torch.randn(*shape, device=device)
    if kind == "matmul":
        lead = [work["batch"]] if work["batch"] > 1 else []
        ta, tb = work["form"][0] == "T", work["form"][1] == "T"
        m, k, n = work["m"], work["k"], work["n"]
        a, b = make(*lead, *((k, m) if ta else (m, k))), make(*lead, *((n, k) if tb else (k, n)))
        a, b = a.transpose(-1, -2) if ta else a, b.transpose(-1, -2) if tb else b
        return lambda: torch.matmul(a, b)
    if kind == "attention":
        q, k, v = (make(work["batch"], work["heads"], work["length"], work["width"]) for _ in range(3))
        if not work["backward"]:
            return lambda: attention(q, k, v)
        for x in (q, k, v):
            x.requires_grad_(True)
        dy = torch.randn_like(q)
        return lambda: torch.autograd.grad(attention(q, k, v), (q, k, v), dy)
    if kind == "conv2d":
        x = make(work["batch"], work["inputs"], work["size"], work["size"])
        w = make(work["outputs"], work["inputs"], work["kernel"], work["kernel"])
        return lambda: F.conv2d(x, w, padding=work["kernel"] // 2)
    x = make(work["rows"], work["columns"])
    if kind == "layerNorm":
        gain, bias = make(work["columns"]), make(work["columns"])
        return lambda: F.layer_norm(x, (work["columns"],), gain, bias)
    if kind == "softmax":
        return lambda: torch.softmax(x, -1)
    if kind in ("reduceRows", "reduceColumns"):
        return lambda: x.sum(1 if kind == "reduceRows" else 0)
    raise ValueError("it has no ceiling kernels")


def prepare(work: dict, device: str):
    if work["kind"] == "step":
        return step(work, device)
    compute = kernel(work, device)

    def run() -> None:
        if work["kind"] == "attention" and work["backward"]:
            compute()
        else:
            with torch.no_grad():
                compute()

    return run


def timed(run, times: int, device: str) -> float:
    started = time.perf_counter()
    for _ in range(times):
        run()
    if device == "cuda":
        torch.cuda.synchronize()
    return (time.perf_counter() - started) * 1000 / times


def say(**reply) -> None:
    print(json.dumps(reply), flush=True)


def main() -> None:
    settings = json.loads(sys.argv[1])
    device = "cuda" if settings.get("cuda", True) and torch.cuda.is_available() else "cpu"
    torch.set_num_threads(settings["threads"])
    torch.manual_seed(0)
    adapter = torch.cuda.get_device_name() if device == "cuda" else "CPU"
    say(says="hello", version=torch.__version__, adapter=adapter, openMillis=(time.perf_counter() - STARTED) * 1000)
    run, times = None, 1
    for line in sys.stdin:
        request = json.loads(line)
        try:
            if request["ask"] == "prepare":
                started = time.perf_counter()
                run = prepare(request["work"], device)
                preparation = (time.perf_counter() - started) * 1000
                first, once = timed(run, 1, device), timed(run, 1, device)
                times = max(1, min(MAX_TIMES, -int(-request["leastMillis"] // once)))
                millis = timed(run, times, device)
                say(says="ready", times=times, prepareMillis=preparation, firstMillis=first, millis=millis)
            elif request["ask"] == "run" and run is not None:
                say(says="ran", millis=timed(run, times, device))
            else:
                run = None
                say(says="released")
        except Exception as error:  # whatever PyTorch refuses is said, and the next work is tried
            say(says="cannot", reason=str(error).split("\n")[0])


main()
