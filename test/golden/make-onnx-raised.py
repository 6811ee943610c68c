"""Writes onnx-files/raised/: files as PyTorch's exporter writes them that become layers, or must not, and feeds.json;
make-onnx-views.mjs adds onnxruntime's answers.

    /usr/bin/python3 test/golden/make-onnx-raised.py && node test/golden/make-onnx-views.mjs raised

Made with Debian's python3-torch 1.13.
"""
import json
import pathlib
import warnings

import torch
from torch import nn

warnings.filterwarnings("ignore")
folder = pathlib.Path(__file__).parent / "onnx-files" / "raised"
folder.mkdir(exist_ok=True)
torch.manual_seed(3)
IN, H, OUT, VOCABULARY, CALLS = 3, 7, 5, 11, 9
feeds = {}


class Net(nn.Module):
    """A recurrent module, a head, and what forward does with them."""

    def __init__(self, cell, forward, bidirectional=False, layers=1, **options):
        super().__init__()
        both = 2 if bidirectional else 1
        self.table = nn.Embedding(VOCABULARY, IN)
        self.rnn = cell(IN, H, layers, batch_first=True, bidirectional=bidirectional, **options)
        self.second = nn.GRU(H, H, batch_first=True)
        self.head = nn.Linear(both * H, OUT)
        self.norm_in, self.norm_out = nn.BatchNorm1d(IN), nn.BatchNorm1d(both * H)
        self.causal = nn.Conv1d(IN, IN, 3)
        self.mean, self.scale = nn.Parameter(torch.randn(IN)), nn.Parameter(torch.rand(IN) + 0.5)
        for parameter in self.parameters():
            nn.init.normal_(parameter, std=0.5)
        for norm in (self.norm_in, self.norm_out):
            norm.running_mean.normal_()
            norm.running_var.uniform_(0.3, 2)
        self.run = forward

    def forward(self, *inputs):
        return self.run(self, *inputs)


def export(name, net, inputs, outputs, axes, opset=13):
    names = list(inputs)
    args = tuple(inputs.values())
    torch.onnx.export(
        net.eval(), args, str(folder / f"{name}.onnx"), opset_version=opset, input_names=names, output_names=outputs, dynamic_axes=axes
    )


def tensor(value):
    kind = "int64" if value.dtype == torch.long else "float32"
    return {"type": kind, "shape": list(value.shape), "data": value.flatten().tolist()}


def sequence(name, forward, rows, cell=nn.LSTM, opset=13, ids=False, offset=0, **options):
    """y = f(x), x [B, T, IN] around an offset, or ids [B, T]; rows: the answer's axis of steps, None for one answer."""
    x = torch.randint(0, VOCABULARY, (1, CALLS)) if ids else torch.randn(1, CALLS, IN) + offset
    two = x.repeat_interleave(2, 0)
    export(name, Net(cell, forward, **options), {"x": two}, ["y"], {"x": {0: "B", 1: "T"}}, opset)
    feeds[name] = {"answer": "y", "rows": rows, "sequence": "x", "steps": 1, "states": {}, "inputs": {"x": tensor(x)}}


def step(name, forward, states, x=(1, IN), cell=nn.LSTM, opset=13, ids=False, axes=None, **options):
    """y, next states = f(x, states): a call is one step. states: their shapes for one sequence; axes: of batch, 0 by default."""
    calls = torch.randint(0, VOCABULARY, (CALLS, 1, *x)) if ids else torch.randn(CALLS, 1, *x)
    axes = axes or {}
    batch = {key: {axes.get(key, 0): "B"} for key in ["x", *states]}
    zeros = {key: torch.zeros(shape) for key, shape in states.items()}
    two = {key: value.repeat_interleave(2, axes.get(key, 0)) for key, value in {"x": calls[0], **zeros}.items()}
    export(name, Net(cell, forward, **options), two, ["y", *[f"{key}_out" for key in states]], batch, opset)
    feeds[name] = {
        "answer": "y",
        "rows": None,
        "sequence": "x",
        "steps": None,
        "states": {key: f"{key}_out" for key in states},
        "inputs": {"x": tensor(calls), **{key: tensor(value) for key, value in zeros.items()}},
    }


# a call is one step
def pair(net, x, h, c):
    y, (h, c) = net.rnn(net.table(x), (h, c))
    return net.head(y[:, 0]), h, c


def one(net, x, h):
    y, h = net.rnn(net.table(x), h)
    return torch.log_softmax(net.head(y.squeeze(1)), -1), h


middle = {"h": 1, "c": 1}
step("step-lstm", pair, {"h": (1, 1, H), "c": (1, 1, H)}, (1,), ids=True, axes=middle)
step("step-lstm-stack", pair, {"h": (3, 1, H), "c": (3, 1, H)}, (1,), ids=True, axes=middle, layers=3, opset=17)
step("step-gru-stack", one, {"h": (2, 1, H)}, (1,), nn.GRU, ids=True, axes=middle, layers=2)
step("step-rnn", one, {"h": (1, 1, H)}, (1,), nn.RNN, ids=True, axes=middle, nonlinearity="relu")


def flat(net, x, h, c):
    y, (h, c) = net.rnn(x.unsqueeze(1), (h.unsqueeze(0), c.unsqueeze(0)))
    return net.head(y.squeeze(1)), h.squeeze(0), c.squeeze(0)


step("step-flat-states", flat, {"h": (1, H), "c": (1, H)}, (IN,))


def batch_first(net, x, h, c):
    turn = lambda value: value.transpose(0, 1).contiguous()
    y, (h, c) = net.rnn(x, (turn(h), turn(c)))
    return torch.tanh(net.head(y)), turn(h), turn(c)


step("step-batch-first-states", batch_first, {"h": (1, 2, H), "c": (1, 2, H)}, layers=2)


def joined(net, x, s):
    y, (h, c) = net.rnn(x, (s[:, :H].unsqueeze(0).contiguous(), s[:, H:].unsqueeze(0).contiguous()))
    return net.head(y), torch.cat([h[0], c[0]], 1)


step("step-joined-states", joined, {"s": (1, 2 * H)})


def two(net, x, h, c, g):
    y, (h, c) = net.rnn(x, (h, c))
    y, g = net.second(y, g)
    return torch.sigmoid(net.head(y[:, -1])), h, c, g


step("step-two-layers", two, {"h": (1, 1, H), "c": (1, 1, H), "g": (1, 1, H)}, axes={"h": 1, "c": 1, "g": 1})


# cells, which are exported written out
def cell(kind, after):
    class Steps(nn.Module):
        def __init__(self):
            super().__init__()
            self.first, self.second, self.head = kind(IN, H), kind(H, H), nn.Linear(H, OUT)
            for parameter in self.parameters():
                nn.init.normal_(parameter, std=0.5)

        def forward(self, *inputs):
            return after(self, *inputs)

    return lambda *_, **__: Steps()


def lstm_cells(net, x, h, c, g, d):
    h, c = net.first(x, (h, c))
    g, d = net.second(h, (g, d))
    return net.head(g), h, c, g, d


def gru_cell(net, x, h):
    h = net.first(x, h)
    return net.head(h), h


def coupled(net, x, h, c):
    f, o, g = (net.first.of_x(x) + net.first.of_h(h)).chunk(3, 1)
    f = torch.sigmoid(f)
    c = f * c + (1 - f) * torch.tanh(g)
    h = torch.sigmoid(o) * torch.tanh(c)
    return net.head(h), h, c


class Products(nn.Module):
    def __init__(self, inner, units):
        super().__init__()
        self.of_x, self.of_h = nn.Linear(inner, 3 * units), nn.Linear(units, 3 * units)


recurrent, Net = Net, cell(nn.LSTMCell, lstm_cells)
step("step-lstm-cells", None, {key: (1, H) for key in "hcgd"}, (IN,))
Net = cell(nn.GRUCell, gru_cell)
step("step-gru-cell", None, {"h": (1, H)}, (IN,))
Net = cell(Products, coupled)
step("not-coupled-gates", None, {"h": (1, H), "c": (1, H)}, (IN,))
Net = recurrent


# must stay operator graphs
def reads_state(net, x, h):
    y, h = net.rnn(x + h[0].unsqueeze(1)[:, :, :IN], h)
    return net.head(y[:, 0]), h


def skips(net, x, h):
    y, after = net.rnn(x, h)
    return net.head(y + h.transpose(0, 1)), after


def both_ways(net, x, h):
    y, h = net.rnn(x, h)
    return net.head(y), h


step("not-reads-state", reads_state, {"h": (1, 1, H)}, cell=nn.GRU, axes=middle)
step("not-skips", skips, {"h": (1, 1, H)}, cell=nn.GRU, axes=middle)
step("not-bidirectional", both_ways, {"h": (2, 1, H)}, cell=nn.GRU, axes=middle, bidirectional=True)


# sequences
sequence("log-softmax", lambda net, x: torch.log_softmax(net.head(net.rnn(net.table(x))[0]), -1), 1, bidirectional=True, ids=True)
sequence("log-of-softmax", lambda net, x: torch.log(torch.softmax(net.head(net.rnn(x)[0]), 2)), 1, opset=17)
sequence("not-log-softmax-of-time", lambda net, x: torch.log_softmax(net.head(net.rnn(x)[0]), 1), 1)
sequence("last-squeezed", lambda net, x: net.head(net.rnn(x)[0][:, -1:, :].squeeze(1)), None)


def ends(net, x):
    h = net.rnn(x)[1][0]
    return net.head(torch.cat([h[-2], h[-1]], 1))


sequence("ends", ends, None, bidirectional=True)
sequence("ends-stack", ends, None, bidirectional=True, layers=2, opset=17)
sequence("ends-view", lambda net, x: net.head(net.rnn(x)[1].transpose(0, 1).reshape(-1, 2 * H)), None, nn.GRU, bidirectional=True)


def halves(net, x):
    y = net.rnn(x)[0]
    return net.head(torch.cat([y[:, -1, :H], y[:, 0, H:]], 1))


def turned(net, x):
    h = net.rnn(x)[1][0]
    return net.head(torch.cat([h[1], h[0]], 1))


sequence("ends-of-halves", halves, None, bidirectional=True)
sequence("not-ends-turned", turned, None, bidirectional=True)
sequence("norm-in", lambda net, x: net.head(net.rnn(net.norm_in(x.transpose(1, 2)).transpose(1, 2))[0]), 1)
sequence("norm-out", lambda net, x: net.head(net.norm_out(net.rnn(x)[0].transpose(1, 2)).transpose(1, 2)), 1, bidirectional=True)
sequence("norm-relu", lambda net, x: net.head(torch.relu(net.norm_out(net.rnn(x)[0][:, -1]))), None, nn.GRU)
sequence("standardised", lambda net, x: 1 - net.head(net.rnn((x - net.mean) / net.scale)[0]), 1)
sequence("far-from-zero", lambda net, x: net.head(net.rnn((x - (4000 + net.mean)) / (3 * net.scale))[0]), 1, offset=4000)
sequence(
    "causal-front",
    lambda net, x: net.head(net.rnn(torch.relu(net.causal(nn.functional.pad(x.transpose(1, 2), (2, 0)))).transpose(1, 2))[0]),
    1,
)
(folder / "feeds.json").write_text(json.dumps(feeds))
