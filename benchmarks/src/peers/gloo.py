"""One rank of gloo's all-reduce (torch.distributed); the lines are those of all-reduce/rank.ts."""
import datetime
import json
import sys
import time

import torch
import torch.distributed as dist

HOST = "127.0.0.1"
TIMEOUT = datetime.timedelta(seconds=120)


def say(answer: dict) -> None:
    print(json.dumps(answer), flush=True)


settings = json.loads(sys.stdin.readline())
rank, ranks, elements = settings["rank"], settings["ranks"], settings["elements"]
master = dist.TCPStore(HOST, 0, ranks, True, TIMEOUT, wait_for_workers=False) if rank == 0 else None
say({"address": str(master.port) if master else ""})
port = int(json.loads(sys.stdin.readline())["addresses"][0])
store = master or dist.TCPStore(HOST, port, ranks, False, TIMEOUT, wait_for_workers=False)
dist.init_process_group("gloo", store=store, rank=rank, world_size=ranks, timeout=TIMEOUT)

pattern = (torch.arange(elements) % 251).float()
vector = pattern * (rank + 1)
dist.all_reduce(vector)
assert torch.equal(vector, pattern * (ranks * (ranks + 1) // 2)), "gloo gave a wrong sum"
# It sums in place: zeros stay what they are however often.
vector.zero_()
say({"name": f"gloo, PyTorch {torch.__version__}"})
for _ in sys.stdin:
    before = time.process_time()
    dist.all_reduce(vector)
    say({"cpuMs": (time.process_time() - before) * 1000})
