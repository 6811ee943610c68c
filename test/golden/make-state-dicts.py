"""Writes state-dicts/: checkpoints as people save them, and what the modules that they are of make of a sequence.

    /usr/bin/python3 test/golden/make-state-dicts.py

Made with Debian's python3-torch 1.13. `served`: the tensors alone are one certain network. Of the others `refused` is
a part of the reason, and `complete` what a person who knows the module fills in for each "one of" of the template.
"""
import argparse
import collections
import dataclasses
import datetime
import enum
import json
import pathlib

import numpy
import safetensors.numpy
import torch
import torch.optim.swa_utils
from torch import nn
from torch.nn.utils import prune

folder = pathlib.Path(__file__).parent / "state-dicts"
folder.mkdir(exist_ok=True)
torch.manual_seed(23)
answers = {}
STEPS, FEATURES, UNITS, IDS = 6, 3, 4, 9


class Mode(enum.Enum):
    FAST = "fast"


@dataclasses.dataclass
class Settings:
    hidden: int = 4


class Named:
    def __new__(cls, *, name):
        return super().__new__(cls)

    def __getnewargs_ex__(self):
        return (), {"name": "a"}


class Net(nn.Module):
    """A recurrent layer, and what `read` makes of its steps; `parts` are its other modules."""

    def __init__(self, rnn, read, **parts):
        super().__init__()
        self.rnn = rnn
        for name, part in parts.items():
            setattr(self, name, part)
        self.read = read

    def forward(self, x):
        return self.read(self, x)


def steps(net, x):
    return net.fc(net.rnn(x)[0])


def last(net, x):
    return net.fc(net.rnn(x)[0][:, -1:])


def cells(net, x):
    state, rows = None, []
    for row in x.unbind(1):
        state = net.rnn(row, state)
        rows.append(net.fc(state[0] if isinstance(state, tuple) else state))
    return torch.stack(rows, 1)


def features(width=FEATURES):
    return torch.randn(1, STEPS, width)


def ids():
    return torch.randint(IDS, (1, STEPS))


def case(name, net, saved=None, x=None, save=torch.save, **more):
    x = features() if x is None else x
    net.eval()
    with torch.no_grad():
        y = net(x)
    y = y[0] if isinstance(y, tuple) else y
    save(net.state_dict() if saved is None else saved, folder / name)
    answers[name] = {"x": x[0].tolist(), "y": y[0].tolist(), **more}


def lstm_fc(**options):
    return Net(nn.LSTM(FEATURES, UNITS, batch_first=True, **options), steps, fc=nn.Linear(UNITS, 2))


# --- one certain network ---
net = lstm_fc(num_layers=2)
optimiser = torch.optim.Adam(net.parameters())
net(features()).sum().backward()
optimiser.step()
lightning = {
    "epoch": 4,
    "global_step": numpy.int64(120),
    "pytorch-lightning_version": "1.9.0",
    "state_dict": collections.OrderedDict(
        [*(("model." + key, value) for key, value in net.state_dict().items()), ("criterion.weight", torch.ones(2))]
    ),
    "callbacks": {"ModelCheckpoint": {"best_model_score": torch.tensor(0.5), "dirpath": pathlib.PurePosixPath("/a/b")}},
    "optimizer_states": [optimiser.state_dict()],
    "hyper_parameters": argparse.Namespace(hidden=4, mode=Mode.FAST, when=datetime.datetime(2024, 5, 6), settings=Settings()),
}
case("lightning.ckpt", net, lightning, served=True)
net = Net(nn.GRU(FEATURES, UNITS, batch_first=True), steps, fc=nn.Linear(UNITS, 2, bias=False))
parallel = {
    "epoch": numpy.int64(3),
    "best_loss": numpy.float64(0.25),
    "history": numpy.arange(3.0),
    "loss": torch.tensor(0.5),
    "model_state_dict": {"module." + key: value for key, value in net.state_dict().items()},
    "optimizer_state_dict": optimiser.state_dict(),
    "losses": {"train": [torch.tensor(0.5), torch.tensor(0.4)]},
    "args": argparse.Namespace(lr=0.1),
    "rng": torch.get_rng_state()[:8],
    "settings": {"rng": torch.get_rng_state()[:8], "array": numpy.zeros(3), "loss": nn.CrossEntropyLoss, "call": torch.relu},
    "words": {"a", "b"},
    "counts": collections.Counter("abca"),
    "default": collections.defaultdict(list, {"a": [1]}),
}
case("data-parallel.pt", net, parallel, served=True)
case("protocol-4.bin", net, parallel, save=lambda v, f: torch.save(v, f, pickle_protocol=4), served=True)
case("before-1.6.pth", net, parallel, save=lambda v, f: torch.save(v, f, _use_new_zipfile_serialization=False), served=True)
bare = {"state_dict": {**net.state_dict(), "unused": torch.ones(0, 3)}}
bare["settings"] = [bytearray(b"ab"), frozenset("a"), Named(name="a"), 2**80, b"c", 1j, None, slice(1)]
case("protocol-5.bin", net, bare, save=lambda v, f: torch.save(v, f, pickle_protocol=5), served=True)
case("lstm-cell.pt", Net(nn.LSTMCell(FEATURES, UNITS), cells, fc=nn.Linear(UNITS, 2)), served=True)
case("gru-cell.pt", Net(nn.GRUCell(FEATURES, UNITS, bias=False), cells, fc=nn.Linear(UNITS, 2)), served=True)
net = lstm_fc()
net.fc = nn.utils.weight_norm(net.fc)
net.rnn = nn.utils.weight_norm(nn.utils.weight_norm(net.rnn, "weight_hh_l0"), "weight_ih_l0", dim=None)
case("weight-norm.pt", net, served=True)
renamed = {
    key.replace("weight_g", "parametrizations.weight.original0").replace("weight_v", "parametrizations.weight.original1"): value
    for key, value in net.state_dict().items()
    if key.startswith("fc")
}
renamed.update({key: value for key, value in net.state_dict().items() if key.startswith("rnn")})
case("weight-norm-parametrized.pt", net, renamed, served=True)
net = lstm_fc().half().float()
case("half.pt", net, {key: value.half() for key, value in net.state_dict().items()}, served=True)
case("projection.pt", Net(nn.LSTM(FEATURES, 5, proj_size=UNITS, batch_first=True), steps, fc=nn.Linear(UNITS, 2)), served=True)
net = lstm_fc()
beside = {"net." + key: value for key, value in net.state_dict().items()}
beside.update({"loss_fn.pos_weight": torch.ones(2), "steps": torch.tensor(7), "mask": torch.ones(3, dtype=torch.bool)})
case("beside.pt", net, {"net": beside, "epoch": 2}, served=True)
parts = {"encoder": net.rnn.state_dict(), "head": net.fc.state_dict()}
case("parts.pt", net, parts, served=True)
case("arrays.npz", net, save=lambda v, f: numpy.savez(f, **{key: value.numpy() for key, value in v.items()}), served=True)
# with safetensors 0.8
case("arrays.safetensors", net, save=lambda v, f: safetensors.numpy.save_file({key: value.numpy() for key, value in v.items()}, f), served=True)
case("sorted.npz", net, save=lambda v, f: numpy.savez(f, **{key: v[key].numpy() for key in sorted(v)}), served=True)
case("bare.pt", nn.LSTM(FEATURES, UNITS, bidirectional=True, batch_first=True), served=True)

# --- not one certain network: refused, and right once the template is completed ---
relu = torch.relu


def refused(name, net, reason, complete=None, **more):
    case(name, net, refused=reason, **({} if complete is None else {"complete": complete}), **more)


for name, nonlinearity in [("rnn-relu.pt", "relu"), ("rnn-tanh.pt", "tanh")]:
    net = Net(nn.RNN(FEATURES, UNITS, nonlinearity=nonlinearity, batch_first=True), steps, fc=nn.Linear(UNITS, 2))
    refused(name, net, "a plain RNN", {"rnn": {"activation": nonlinearity}, "fc": {"activation": "linear"}, "answer": None})


def both_ends(net, x):
    h = net.rnn(x)[1]
    return net.fc(torch.cat([h[-2], h[-1]], 1))[:, None]


both_ways = {"bidirectional": True, "batch_first": True}
for name, read, at, mode in [
    ("both-ends.pt", both_ends, "first", "last"),
    ("both-last.pt", last, "step", "last"),
    ("both-steps.pt", steps, "step", None),
    ("both-mean.pt", lambda net, x: net.fc(net.rnn(x)[0].mean(1, True)), "step", "mean"),
]:
    net = Net(nn.GRU(FEATURES, UNITS, num_layers=2, **both_ways), read, fc=nn.Linear(2 * UNITS, 2))
    answer = None if mode is None else {"mode": mode}
    refused(name, net, "is bidirectional", {"rnn": {"backward_at": at}, "fc": {"activation": "linear"}, "answer": answer})
net = Net(nn.LSTM(5, UNITS, batch_first=True), lambda net, x: torch.softmax(net.fc(net.rnn(net.emb(x))[0]), -1),
          emb=nn.Embedding(IDS, 5), fc=nn.Linear(UNITS, 2))
refused("words.pt", net, "the order of", {"fc": {"activation": "softmax"}, "answer": None}, x=ids())
net = Net(nn.LSTM(UNITS, UNITS, batch_first=True), lambda net, x: net.fc(net.rnn(net.emb(x))[0]),
          emb=nn.Embedding(IDS, UNITS), fc=nn.Linear(UNITS, IDS))
net.fc.weight = net.emb.weight
refused("tied.pt", net, "the order of", {"fc": {"activation": "linear"}, "answer": None}, x=ids())
net = Net(nn.LSTM(5, UNITS, batch_first=True), lambda net, x: net.rnn(net.emb(x))[0], emb=nn.Embedding(IDS, 5))
refused("only-words.pt", net, 'comes before "rnn"', {"answer": None}, x=ids())
net = Net(nn.LSTM(UNITS, UNITS, batch_first=True), lambda net, x: net.rnn(net.emb(x))[0], emb=nn.Embedding(IDS, UNITS))
refused("square-words.pt", net, 'fits before "rnn" and after it', x=ids())
net = Net(nn.GRU(FEATURES, UNITS, batch_first=True), lambda net, x: net.fc2(relu(net.fc1(net.rnn(x)[0]))),
          fc2=nn.Linear(5, 2), fc1=nn.Linear(UNITS, 5))
refused("two-linear.pt", net, "the order of", {"fc1": {"activation": "relu"}, "fc2": {"activation": "linear"}, "answer": None})
net = Net(nn.LSTM(FEATURES, UNITS, batch_first=True), lambda net, x: net.fc(net.second(net.rnn(x)[0])[0]),
          second=nn.LSTM(UNITS, 5, batch_first=True), fc=nn.Linear(5, 2))
refused("two-lstm.pt", net, "2 recurrent layers", {"fc": {"activation": "linear"}, "answer": None})
net = Net(nn.LSTM(FEATURES, UNITS, batch_first=True), lambda net, x: net.fc(net.norm(net.rnn(x)[0])),
          norm=nn.LayerNorm(UNITS, eps=1e-3), fc=nn.Linear(UNITS, 2))
refused("norm.pt", net, "the order of", {"norm": {"epsilon": 1e-3, "inputs": ["rnn"]}, "fc": {"activation": "linear", "inputs": ["norm"]}, "answer": None})
net = Net(nn.LSTM(1, UNITS, batch_first=True), steps, fc=nn.Linear(UNITS, 1))
refused("one-feature.pt", net, "fits before", {"rnn": {"inputs": ["input"]}, "fc": {"activation": "linear", "inputs": ["rnn"]}, "answer": None}, x=features(1))
net = Net(nn.LSTM(5, UNITS, batch_first=True),
          lambda net, x: net.fc(net.rnn(relu(net.conv(x.transpose(1, 2)).transpose(1, 2)))[0]),
          conv=nn.Conv1d(FEATURES, 5, 3, padding=2, dilation=2), fc=nn.Linear(UNITS, 2))
refused("convolution.pt", net, "the order of", {"conv": {"dilation": 2, "padding": "same", "activation": "relu"}, "fc": {"activation": "linear"}, "answer": None})


def stacked_cells(net, x):
    first, second, rows = None, None, []
    for row in x.unbind(1):
        first = net.rnn(row, first)
        second = net.upper(first[0], second)
        rows.append(net.fc(second[0]))
    return torch.stack(rows, 1)


net = Net(nn.LSTMCell(FEATURES, UNITS), stacked_cells, upper=nn.LSTMCell(UNITS, 5), fc=nn.Linear(5, 2))
refused("stacked-cells.pt", net, "2 recurrent layers", {"fc": {"activation": "linear"}, "answer": None})

# --- with what no layer of a model.json is ---
net = Net(nn.LSTM(FEATURES, UNITS, batch_first=True), lambda net, x: net.fc(net.bn(net.rnn(x)[0].transpose(1, 2)).transpose(1, 2)),
          bn=nn.BatchNorm1d(UNITS), fc=nn.Linear(UNITS, 2))
refused("batch-norm.pt", net, '"bn" has weight')
net = Net(nn.LSTM(FEATURES, UNITS, batch_first=True), lambda net, x: net.fc(net.att(*[net.rnn(x)[0]] * 3)[0]),
          att=nn.MultiheadAttention(UNITS, 1, batch_first=True), fc=nn.Linear(UNITS, 2))
refused("attention.pt", net, "in_proj_weight")
net = lstm_fc()
net.h0 = nn.Parameter(torch.randn(1, 1, UNITS))
net.read = lambda net, x: net.fc(net.rnn(x, (net.h0, torch.zeros(1, 1, UNITS)))[0])
refused("first-state.pt", net, '"" has h0')
net = lstm_fc()
net.fc = nn.utils.spectral_norm(net.fc)
refused("spectral-norm.pt", net, "weight_orig")
net = lstm_fc()
prune.l1_unstructured(net.fc, "weight", 0.5)
refused("pruned.pt", net, "weight_mask")
net = Net(nn.LSTM(FEATURES, UNITS, batch_first=True), steps, fc=nn.Linear(UNITS, 2), other=nn.Linear(UNITS, 7))
refused("two-heads.pt", net, "the order of")
net = lstm_fc()
net.register_buffer("scale", torch.tensor(3.0))
net.read = lambda net, x: steps(net, x) * net.scale
refused("scaled.pt", net, '"" has scale')
net = lstm_fc()
averages = {key: value * 0.9 for key, value in net.state_dict().items()}
refused("gloss.pt", Net(nn.LSTM(FEATURES, UNITS, batch_first=True), lambda net, x: net.gloss(net.loss_head(net.rnn(x)[0])),
                     gloss=nn.Linear(5, 2), loss_head=nn.Linear(UNITS, 5)), "the order of")
refused("averages.pt", net, "2 recurrent layers", saved={"state_dict": net.state_dict(), "ema": averages})
quantised = {**net.state_dict(), "fc.weight": torch.quantize_per_tensor(net.fc.weight.detach(), 0.1, 0, torch.qint8)}
refused("quantised.pt", net, "fc", saved=quantised)
refused("integer-head.pt", net, "fc", saved={**net.state_dict(), "fc.weight": torch.ones(2, UNITS, dtype=torch.int8)})

refused("module.pt", net, "head", saved={"rnn": net.rnn.state_dict(), "head": net.fc, "args": argparse.Namespace()})
refused("complex.pt", net, "filter", saved={**net.state_dict(), "filter": torch.ones(3, dtype=torch.complex64)})
averaged = torch.optim.swa_utils.AveragedModel(net)
case("swa.pt", net, averaged.state_dict(), served=True)
case("tuple.pt", net, (net.state_dict(), optimiser.state_dict(), 3), served=True)

with open(folder / "answers.json", "w") as file:
    json.dump(answers, file)
