# One contender of bench/train.ts: trains in PyTorch. Reads a line "rounds", answers a line of JSON with milliseconds a step.
import json
import sys
import time

import torch

kind, units, threads = sys.argv[1], int(sys.argv[2]), int(sys.argv[3])
batch, steps, vocabulary, embedding, classes = (int(value) for value in sys.argv[4:9])
torch.set_num_threads(threads)


def numbers():
    state = 1

    def draw(below):
        nonlocal state
        state = (state * 1664525 + 1013904223) & 0xFFFFFFFF
        return int(state / 2**32 * below)

    ids = [draw(vocabulary) for _ in range(batch * steps)]
    count = batch if kind == "classifier" else batch * steps
    answers = [draw(classes if kind == "classifier" else vocabulary) for _ in range(count)]
    return torch.tensor(ids).view(steps, batch), torch.tensor(answers)


class Network(torch.nn.Module):
    def __init__(self):
        super().__init__()
        self.embedding = torch.nn.Embedding(vocabulary, embedding)
        self.lstm = torch.nn.LSTM(embedding, units)
        self.out = torch.nn.Linear(units, classes if kind == "classifier" else vocabulary)

    def forward(self, ids):
        rows, _ = self.lstm(self.embedding(ids))
        return self.out(rows[-1] if kind == "classifier" else rows.view(-1, units))


ids, answers = numbers()
network = Network()
optimiser = torch.optim.Adam(network.parameters(), lr=1e-3)


def step():
    optimiser.zero_grad(set_to_none=True)
    loss = torch.nn.functional.cross_entropy(network(ids), answers)
    loss.backward()
    optimiser.step()
    return loss.item()


print(json.dumps({"ready": torch.__version__}), flush=True)
for line in sys.stdin:
    count = int(line)
    started = time.perf_counter()
    for _ in range(count):
        loss = step()
    print(json.dumps({"ms": (time.perf_counter() - started) * 1000 / count, "loss": loss}), flush=True)
