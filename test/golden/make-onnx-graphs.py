# Graphs that are no stack of layers, with random weights: exported by PyTorch 1.13 (Debian's python3-torch), or written with onnx
# and answered by numpy. Writes onnx-files/graphs/*.onnx and answers.json beside them. Run: python3 make-onnx-graphs.py
import json
import pathlib
from typing import List

import numpy as np
import onnx
import torch
from onnx import TensorProto, helper, numpy_helper
from torch import nn

torch.manual_seed(5)
rng = np.random.default_rng(5)
folder = pathlib.Path(__file__).parent / "onnx-files" / "graphs"
folder.mkdir(exist_ok=True)
answers = {}


def rounded(x):
    return np.asarray(x, dtype=np.float64).round(8).tolist()


def export(name, module, example, x, y, **how):
    """The same in two opsets: before 10, Slice, Pad and others have attributes where they have inputs now."""
    module.eval()
    for opset in (9, 16):
        torch.onnx.export(module, example, str(folder / f"{name}-{opset}.onnx"), opset_version=opset, **how)
        answers[f"{name}-{opset}"] = {"x": rounded(x), "y": rounded(y)}


class Frames(nn.Module):
    """A frame of 32 samples: windows, convolutions, a recurrent state in and out, one number."""

    def __init__(self):
        super().__init__()
        self.stft = nn.Conv1d(1, 10, 8, stride=4, bias=False)
        self.conv = nn.Conv1d(5, 6, 3, padding=1)
        self.deep = nn.Conv1d(6, 6, 3, padding=2, dilation=2, groups=6)
        self.cell = nn.LSTM(6, 7, num_layers=2, batch_first=True)
        self.out = nn.Linear(7, 1)

    def forward(self, x, h, c):
        x = nn.functional.pad(x.unsqueeze(1), (0, 4), mode="reflect")
        spectrum = self.stft(x)
        size = (spectrum[:, :5] ** 2 + spectrum[:, 5:] ** 2).sqrt()
        y = torch.relu(self.deep(torch.relu(self.conv(torch.log(size + 1e-3)))))
        y, (h, c) = self.cell(y.transpose(1, 2), (h, c))
        return torch.sigmoid(self.out(y)).mean(1), h, c


frames = Frames()
x = torch.randn(9, 32)
h = c = torch.zeros(2, 1, 7)
y = []
for row in x:
    with torch.no_grad():
        one, h, c = frames(row.unsqueeze(0), h, c)
    y.append(one[0].numpy())
export(
    "frames", frames, (x[:1], torch.zeros(2, 1, 7), torch.zeros(2, 1, 7)), x, y,
    input_names=["samples", "h", "c"], output_names=["speech", "hn", "cn"],
    dynamic_axes={"samples": {0: "batch"}, "h": {1: "batch"}, "c": {1: "batch"}},
)


class Attends(nn.Module):
    """A bidirectional GRU, every step looks at all, and norms written out: a row a step."""

    def __init__(self):
        super().__init__()
        self.rnn = nn.GRU(4, 5, batch_first=True, bidirectional=True)
        self.q, self.k, self.v = nn.Linear(10, 6), nn.Linear(10, 6), nn.Linear(10, 6)
        self.norm = nn.LayerNorm(6)
        self.out = nn.Linear(6, 3)

    def forward(self, x):
        h, _ = self.rnn(x)
        weights = torch.softmax(self.q(h) @ self.k(h).transpose(1, 2) / 6**0.5, -1)
        return torch.log_softmax(self.out(self.norm(weights @ self.v(h))), -1)


attends = Attends()
x = torch.randn(11, 4)
with torch.no_grad():
    y = attends(x.unsqueeze(0))[0].numpy()
export(
    "attends", attends, x.unsqueeze(0), x, y,
    input_names=["x"], output_names=["y"], dynamic_axes={"x": {0: "batch", 1: "time"}, "y": {0: "batch", 1: "time"}},
)


class Pooled(nn.Module):
    """Characters: an embedding, convolutions with stride and pooling, an LSTM over what is left, one answer."""

    def __init__(self):
        super().__init__()
        self.embedding = nn.Embedding(13, 6)
        self.conv = nn.Conv1d(6, 8, 5, stride=2)
        self.norm = nn.BatchNorm1d(8)
        self.pool = nn.MaxPool1d(2)
        self.rnn = nn.LSTM(8, 7, batch_first=True)
        self.out = nn.Linear(7, 4)

    def forward(self, ids):
        x = self.pool(nn.functional.leaky_relu(self.norm(self.conv(self.embedding(ids).transpose(1, 2)))))
        h, _ = self.rnn(x.transpose(1, 2))
        return torch.softmax(self.out(h[:, -1] + h.mean(1) - h.max(1)[0]), -1)


pooled = Pooled()
for _ in range(3):  # running mean and variance other than 0 and 1
    pooled(torch.randint(0, 13, (8, 40)))
pooled.eval()
ids = torch.randint(0, 13, (23,))
with torch.no_grad():
    y = pooled(ids.unsqueeze(0)).numpy()
export(
    "pooled", pooled, ids.unsqueeze(0), ids, y,
    input_names=["ids"], output_names=["y"], dynamic_axes={"ids": {0: "batch", 1: "sequence"}},
)


class Cells(nn.Module):
    """A cell in a loop of Python's that appends to a list."""

    def __init__(self):
        super().__init__()
        self.cell = nn.LSTMCell(3, 5)
        self.out = nn.Linear(5, 2)

    def forward(self, x):
        h = c = torch.zeros(x.size(1), 5)
        rows: List[torch.Tensor] = []
        for t in range(x.size(0)):
            h, c = self.cell(x[t], (h, c))
            rows.append(self.out(h))
        return torch.stack(rows)


cells = torch.jit.script(Cells())
x = torch.randn(7, 1, 3)
with torch.no_grad():
    y = cells(x)
torch.onnx.export(
    cells, x, str(folder / "cells.onnx"), opset_version=16,
    input_names=["x"], output_names=["y"], dynamic_axes={"x": {0: "time"}},
)
answers["cells"] = {"x": rounded(x[:, 0]), "y": rounded(y[:, 0])}


# a plain cell h' = tanh(W x + R h + b), as the body of a Loop and of a Scan, answered by numpy
W, R, b = (rng.standard_normal(shape).astype(np.float32) * 0.5 for shape in [(3, 5), (5, 5), (5,)])
x = rng.standard_normal((8, 3)).astype(np.float32)
h, rows = np.zeros(5), []
for row in x.astype(np.float64):
    h = np.tanh(row @ W + h @ R + b)
    rows.append(h)
constants = [numpy_helper.from_array(value, name) for name, value in [("W", W), ("R", R), ("b", b)]]
start = numpy_helper.from_array(np.zeros((1, 5), np.float32), "start")
cell = [
    helper.make_node("MatMul", ["row", "W"], ["a"]),
    helper.make_node("MatMul", ["before", "R"], ["r"]),
    helper.make_node("Add", ["a", "r"], ["s"]),
    helper.make_node("Add", ["s", "b"], ["sb"]),
    helper.make_node("Tanh", ["sb"], ["after"]),
    helper.make_node("Identity", ["after"], ["collected"]),
]
value = lambda name, kind, shape: helper.make_tensor_value_info(name, kind, shape)  # noqa: E731
float32 = TensorProto.FLOAT


def write(name, nodes, initializers, inputs, outputs, opset=16):
    graph = helper.make_graph(nodes, name, inputs, outputs, initializers)
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", opset)])
    onnx.checker.check_model(model)
    onnx.save(model, str(folder / f"{name}.onnx"))


body = helper.make_graph(
    cell, "cell",
    [value("before", float32, [1, 5]), value("row", float32, [1, 3])],
    [value("after", float32, [1, 5]), value("collected", float32, [1, 5])],
)
write(
    "scan",
    [helper.make_node("Scan", ["start", "x"], ["last", "y"], num_scan_inputs=1, body=body)],
    [*constants, start], [value("x", float32, ["time", 1, 3])], [value("y", float32, ["time", 1, 5])],
)
answers["scan"] = {"x": rounded(x), "y": rounded(rows)}

body = helper.make_graph(
    [helper.make_node("Gather", ["x", "turn"], ["row"], axis=0), helper.make_node("Identity", ["go"], ["goes"]), *cell], "cell",
    [value("turn", TensorProto.INT64, []), value("go", TensorProto.BOOL, []), value("before", float32, [1, 5])],
    [value("goes", TensorProto.BOOL, []), value("after", float32, [1, 5]), value("collected", float32, [1, 5])],
)
zero = numpy_helper.from_array(np.array(0, np.int64), "zero")
write(
    "loop",
    [
        helper.make_node("Shape", ["x"], ["shape"]),
        helper.make_node("Gather", ["shape", "zero"], ["turns"], axis=0),
        helper.make_node("Loop", ["turns", "", "start"], ["last", "y"], body=body),
    ],
    [*constants, start, zero], [value("x", float32, ["time", 1, 3])], [value("last", float32, [1, 5])],
)
answers["loop"] = {"x": rounded(x), "y": rounded(rows[-1:])}

# branches that the numbers fed decide: a row whose sum is over 0 is doubled, another is turned round
double = helper.make_graph(
    [helper.make_node("Add", ["x", "x"], ["doubled"])], "double", [], [value("doubled", float32, [1, 3])]
)
turned = helper.make_graph(
    [helper.make_node("Neg", ["x"], ["negative"])], "turn", [], [value("negative", float32, [1, 3])]
)
write(
    "branches",
    [
        helper.make_node("ReduceSum", ["x"], ["sum"], keepdims=0),
        helper.make_node("Greater", ["sum", "nothing"], ["over"]),
        helper.make_node("If", ["over"], ["y"], then_branch=double, else_branch=turned),
    ],
    [numpy_helper.from_array(np.array(0, np.float32), "nothing")], [value("x", float32, [1, 3])], [value("y", float32, [1, 3])],
)
answers["branches"] = {"x": rounded(x), "y": rounded([row * 2 if row.sum() > 0 else -row for row in x])}

(folder / "answers.json").write_text(json.dumps(answers))
