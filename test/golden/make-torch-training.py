"""Writes torch-training.json: small random networks, and their losses over 20 steps of training in PyTorch.

Run with a Python that has torch (1.13 made the file; Debian: apt-get install python3-torch):
    python3 make-torch-training.py > torch-training.json
"""
import json
import sys

import torch

torch.manual_seed(7)
LENGTHS = [7, 5, 5, 2, 1]
STEPS = 20

CELLS = {
    "lstm": lambda i, u, n, b: torch.nn.LSTM(i, u, n, bidirectional=b),
    "gru": lambda i, u, n, b: torch.nn.GRU(i, u, n, bidirectional=b),
    "tanh": lambda i, u, n, b: torch.nn.RNN(i, u, n, bidirectional=b, nonlinearity="tanh"),
    "relu": lambda i, u, n, b: torch.nn.RNN(i, u, n, bidirectional=b, nonlinearity="relu"),
}
OPTIMISERS = {
    "sgd": lambda p: torch.optim.SGD(p, lr=0.1),
    "momentum": lambda p: torch.optim.SGD(p, lr=0.05, momentum=0.9),
    "nesterov": lambda p: torch.optim.SGD(p, lr=0.05, momentum=0.9, nesterov=True),
    "rmsprop": lambda p: torch.optim.RMSprop(p, lr=0.003),
    "adam": lambda p: torch.optim.Adam(p, lr=0.01),
    "adamw": lambda p: torch.optim.AdamW(p, lr=0.01, weight_decay=0.0),
}
CASES = [
    ("lstm", 1, False, "cross_entropy", "sgd"),
    ("lstm", 2, True, "cross_entropy", "adam"),
    ("gru", 1, False, "cross_entropy", "momentum"),
    ("gru", 2, True, "mean_squared", "adam"),
    ("tanh", 2, False, "cross_entropy", "nesterov"),
    ("tanh", 1, True, "mean_squared", "sgd"),
    ("relu", 1, False, "cross_entropy", "adam"),
    ("gru", 1, False, "cross_entropy", "rmsprop"),
    ("lstm", 1, False, "mean_squared", "adamw"),
    ("relu", 1, True, "cross_entropy", "sgd"),
]
VOCABULARY, EMBEDDING, FEATURES, UNITS, CLASSES, OUTPUTS = 9, 6, 3, 11, 5, 2


def numbers(tensor):
    return [float("%.9g" % value) for value in tensor.detach().reshape(-1).tolist()]


def run(cell, layers, both, loss, optimiser):
    ids = loss == "cross_entropy"
    embedding = torch.nn.Embedding(VOCABULARY, EMBEDDING) if ids else None
    inner = EMBEDDING if ids else FEATURES
    recurrent = CELLS[cell](inner, UNITS, layers, both)
    out = torch.nn.Linear(UNITS * (2 if both else 1), CLASSES if ids else OUTPUTS)
    parts = [part for part in (embedding, recurrent, out) if part is not None]
    parameters = [p for part in parts for p in part.parameters()]

    weights = {}
    if ids:
        weights["in.weight"] = embedding.weight
    for level in range(layers):
        for direction, suffix in (("forward", ""), ("backward", "_reverse"))[: 2 if both else 1]:
            for ours, theirs in (("weight_ih", "weight_ih"), ("weight_hh", "weight_hh"), ("bias_ih", "bias_ih"), ("bias_hh", "bias_hh")):
                weights[f"cells.{level}.{direction}.{ours}"] = getattr(recurrent, f"{theirs}_l{level}{suffix}")
    weights["out.weight"], weights["out.bias"] = out.weight, out.bias
    first = {name: {"shape": list(tensor.shape), "values": numbers(tensor)} for name, tensor in weights.items()}

    if ids:
        inputs = [torch.randint(VOCABULARY, (length,)) for length in LENGTHS]
        answers = [torch.randint(CLASSES, (length,)) for length in LENGTHS]
    else:
        inputs = [torch.randn(length, FEATURES) for length in LENGTHS]
        answers = [torch.randn(length, OUTPUTS) for length in LENGTHS]
    criterion = torch.nn.CrossEntropyLoss() if ids else torch.nn.MSELoss()
    step = OPTIMISERS[optimiser](parameters)
    losses = []
    for _ in range(STEPS):
        step.zero_grad()
        # one sequence at a time: nothing is padded
        rows = [out(recurrent((embedding(x) if ids else x).unsqueeze(1))[0].squeeze(1)) for x in inputs]
        value = criterion(torch.cat(rows), torch.cat(answers))
        value.backward()
        step.step()
        losses.append(value.item())
    group = step.param_groups[0]
    return {
        "cell": cell,
        "layers": layers,
        "bidirectional": both,
        "loss": loss,
        "optimiser": optimiser,
        "rate": group["lr"],
        "weights": first,
        "inputs": [x.tolist() if ids else [numbers(row) for row in x] for x in inputs],
        "answers": [y.tolist() if ids else [numbers(row) for row in y] for y in answers],
        "losses": losses,
    }


json.dump({"torch": torch.__version__, "cases": [run(*case) for case in CASES]}, sys.stdout)
