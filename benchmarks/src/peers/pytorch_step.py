"""One training step (forward, backward) in PyTorch, timed from outside: a line in is one step, a line out says it is done.

The models are the ones of train-step.ts, written as a PyTorch user would. Reads one JSON line of settings first.
"""
import json
import sys

import torch
from torch import nn
import torch.nn.functional as F


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
        if hasattr(F, "scaled_dot_product_attention"):
            y = F.scaled_dot_product_attention(q, k, v, is_causal=True)
        else:
            mask = torch.ones(t, t, dtype=torch.bool).tril()
            scores = (q @ k.transpose(-2, -1)) * (w // self.heads) ** -0.5
            y = scores.masked_fill(~mask, float("-inf")).softmax(-1) @ v
        x = x + self.out(y.transpose(1, 2).reshape(b, t, w))
        try:
            hidden = F.gelu(self.up(self.norm2(x)), approximate="tanh")
        except TypeError:
            hidden = F.gelu(self.up(self.norm2(x)))
        return x + self.down(hidden)


class Gpt(nn.Module):
    def __init__(self, vocab: int, layers: int, heads: int, width: int, block: int) -> None:
        super().__init__()
        self.tokens, self.positions = nn.Embedding(vocab, width), nn.Embedding(block, width)
        self.blocks = nn.Sequential(*[Block(width, heads) for _ in range(layers)])
        self.norm, self.head = nn.LayerNorm(width), nn.Linear(width, vocab, bias=False)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        h = self.tokens(x) + self.positions(torch.arange(x.shape[1]))
        return self.head(self.norm(self.blocks(h)))


def build(spec: dict, batch: int):
    if spec["type"] == "mlp":
        sizes = [spec["inputs"], *spec["hidden"], spec["outputs"]]
        layers = []
        for a, b in zip(sizes, sizes[1:]):
            layers += [nn.Linear(a, b), nn.ReLU()]
        model = nn.Sequential(*layers[:-1])
        x, y = torch.randn(batch, spec["inputs"]), torch.randint(spec["outputs"], (batch,))
        return model, lambda: F.cross_entropy(model(x), y)
    model = Gpt(spec["vocab"], spec["layers"], spec["heads"], spec["width"], spec["block"])
    x = torch.randint(spec["vocab"], (batch, spec["block"]))
    return model, lambda: F.cross_entropy(model(x).flatten(0, 1), x.flatten())


settings = json.loads(sys.stdin.readline())
torch.set_num_threads(settings["threads"])
torch.manual_seed(0)
model, loss = build(settings["model"], settings["batch"])
print(json.dumps({"version": torch.__version__}), flush=True)
for _ in sys.stdin:
    model.zero_grad(set_to_none=True)
    loss().backward()
    print("done", flush=True)
