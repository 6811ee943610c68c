"""Writes onnx-files/: models as PyTorch exports them to ONNX, and what PyTorch makes of a random sequence.

    /usr/bin/python3 test/golden/make-onnx-files.py

Made with Debian's python3-torch 1.13, whose exporter needs no other package. The tests read the files.
"""
import json
from pathlib import Path

import torch
from torch import nn

folder = Path(__file__).parent / "onnx-files"
folder.mkdir(exist_ok=True)
torch.manual_seed(3)
STEPS, INPUTS = 6, 3


class Tagger(nn.Module):
    """Ids to classes at every step."""

    def __init__(self, cell, both, batch_first=True):
        super().__init__()
        self.words = nn.Embedding(11, 4)
        self.cells = cell(4, 5, 2, bidirectional=both, batch_first=batch_first)
        self.hidden = nn.Linear(10 if both else 5, 6)
        self.out = nn.Linear(6, 3)

    def forward(self, ids):
        return torch.softmax(self.out(torch.tanh(self.hidden(self.cells(self.words(ids))[0]))), -1)


class Last(nn.Module):
    """Numbers to one row, of the last step."""

    def __init__(self, cell):
        super().__init__()
        self.cells = cell(INPUTS, 5)
        self.out = nn.Linear(5, 2)

    def forward(self, x):
        return self.out(self.cells(x)[0][-1])


class LastState(nn.Module):
    """The same by way of the state that comes out."""

    def __init__(self):
        super().__init__()
        self.cells = nn.GRU(INPUTS, 5, batch_first=True)
        self.out = nn.Linear(5, 2)

    def forward(self, x):
        return self.out(self.cells(x)[1].squeeze(0))


class Stateful(nn.Module):
    """State in, state out, a step or more at a time."""

    def __init__(self):
        super().__init__()
        self.cells = nn.LSTM(INPUTS, 5)
        self.out = nn.Linear(5, 2)

    def forward(self, x, h, c):
        y, (h, c) = self.cells(x, (h, c))
        return torch.sigmoid(self.out(y)), h, c


class Mean(nn.Module):
    """The mean over time, without biases."""

    def __init__(self):
        super().__init__()
        self.cells = nn.RNN(INPUTS, 5, nonlinearity="relu", bias=False, batch_first=True)
        self.out = nn.Linear(5, 2, bias=False)

    def forward(self, x):
        return self.out(self.cells(x)[0].mean(1))


class Conv(nn.Module):
    def __init__(self):
        super().__init__()
        self.conv = nn.Conv1d(INPUTS, 4, 3)
        self.cells = nn.LSTM(4, 5, batch_first=True)

    def forward(self, x):
        return self.cells(self.conv(x.transpose(1, 2)).transpose(1, 2))[0]


class Branch(nn.Module):
    """One linear layer, read twice: through a transposition and a squashing, and as it is."""

    def __init__(self):
        super().__init__()
        self.cells = nn.GRU(INPUTS, 5)
        self.out = nn.Linear(5, 2)

    def forward(self, x):
        y = self.out(self.cells(x)[0])
        return torch.tanh(y.transpose(0, 1)).transpose(0, 1) + y


class Ends(nn.Module):
    """Both ways to their ends; with every step beside them where asked for."""

    def __init__(self, steps):
        super().__init__()
        self.steps = steps
        self.cells = nn.GRU(INPUTS, 5, bidirectional=True, batch_first=True)
        self.out = nn.Linear(10, 2)

    def forward(self, x):
        y, h = self.cells(x)
        ends = h.transpose(0, 1).reshape(x.shape[0], 10)
        return self.out(ends + y.mean(1) if self.steps else ends)


ids = torch.randint(11, (1, STEPS))
x = torch.randn(STEPS, 1, INPUTS)
xb = x.transpose(0, 1)
zero = torch.zeros(1, 1, 5)
models = {
    "tagger-lstm": (Tagger(nn.LSTM, True), (ids,)),
    "tagger-gru": (Tagger(nn.GRU, True), (ids,)),
    "tagger-forward": (Tagger(nn.LSTM, False), (ids,)),
    "tagger-time-first": (Tagger(nn.GRU, False, batch_first=False), (ids.t(),)),
    "last-lstm": (Last(nn.LSTM), (x,)),
    "last-rnn": (Last(nn.RNN), (x,)),
    "last-state": (LastState(), (xb,)),
    "stateful": (Stateful(), (x, zero, zero)),
    "mean": (Mean(), (xb,)),
    "conv": (Conv(), (xb,)),
    "branch": (Branch(), (x,)),
    "ends": (Ends(False), (xb,)),
    "ends-and-steps": (Ends(True), (xb,)),
}
answers = {}
for name, (model, args) in models.items():
    model.eval()
    with torch.no_grad():
        y = model(*args)
    y = y[0] if isinstance(y, tuple) else y
    given = args[0].flatten() if args[0].dtype == torch.int64 else args[0].reshape(STEPS, INPUTS)
    answers[name] = {"x": given.tolist(), "y": y.reshape(-1, y.shape[-1]).tolist()}
    for opset in [11, 16]:
        first = {"x": {0: "a", 1: "b"}}
        torch.onnx.export(
            model, args, str(folder / f"{name}-{opset}.onnx"), opset_version=opset,
            input_names=["x", "h", "c"][: len(args)], output_names=["y", "hn", "cn"][: len(args) if len(args) > 1 else 1],
            dynamic_axes=first if name != "conv" else None,
        )
json.dump(answers, open(folder / "answers.json", "w"))
