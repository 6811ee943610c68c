"""Writes torchscript-files/: small modules scripted and traced with PyTorch, and their outputs on random inputs.

    /usr/bin/python3 test/golden/make-torchscript-files.py

Made with Debian's python3-torch 1.13. The tests read the files; Python is not needed to run them. The archives are packed
again with deflate and without the debug files (`*.debug_pkl`), which keeps them small; nothing else in them changes.
"""
import io
import json
import math
import zipfile
from pathlib import Path
from typing import Dict, List, Optional, Tuple

import torch
import torch.nn as nn
import torch.nn.functional as F
from torch import Tensor
from torch.nn.utils.rnn import pack_padded_sequence, pad_packed_sequence

folder = Path(__file__).parent / "torchscript-files"
folder.mkdir(exist_ok=True)
torch.manual_seed(5)
answers = {}


def listed(value):
    kind = "float" if value.is_floating_point() else "bool" if value.dtype == torch.bool else "int"
    return {"kind": kind, "shape": list(value.shape), "values": value.detach().double().flatten().tolist()}


def flattened(value, name="output"):
    """The outputs by the names that the importer gives them."""
    if isinstance(value, dict):
        return {str(key): listed(one) for key, one in value.items()}
    if isinstance(value, Tensor):
        return {name: listed(value)}
    found = {}
    for i, one in enumerate(value):
        found.update(flattened(one, f"{name}_{i}"))
    return found


def named(names, inputs):
    found = {}
    for name, value in zip(names, inputs):
        if isinstance(value, Tensor):
            found[name] = listed(value)
        else:
            for i, one in enumerate(value):
                found[f"{name}_{i}"] = listed(one)
    return found


def randomise(module):
    with torch.no_grad():
        for name, one in list(module.named_parameters()) + list(module.named_buffers()):
            if one.is_floating_point() and "running_var" not in name and "fixed" not in name:
                one.uniform_(-0.6, 0.6)
            if "running_var" in name:
                one.uniform_(0.5, 2)


def save(name, module, mode, *inputs, others=(), settings=None, keep=False):
    """others: inputs of other sizes, whose outputs are kept, too."""
    randomise(module)
    module = module.eval()
    made = torch.jit.script(module) if mode == "script" else torch.jit.trace(module, inputs, strict=False, check_trace=False)
    buffer = io.BytesIO()
    torch.jit.save(made, buffer)
    loaded = torch.jit.load(io.BytesIO(buffer.getvalue()))
    # a recurrent module by itself has the overloads forward__0 (tensors) and forward__1 (packed sequences)
    run = loaded if hasattr(loaded, "forward") else module
    names = [one.name for one in loaded.forward.schema.arguments][1:] if run is loaded else ["input"]
    path = folder / f"{name}.pt"
    if keep:
        path.write_bytes(buffer.getvalue())
    else:
        with zipfile.ZipFile(buffer) as source, zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as target:
            for entry in source.infolist():
                if not entry.filename.endswith(".debug_pkl"):
                    info = zipfile.ZipInfo(entry.filename, (2020, 1, 1, 0, 0, 0))
                    info.compress_type = zipfile.ZIP_DEFLATED
                    target.writestr(info, source.read(entry))
    with torch.no_grad():
        runs = [{"inputs": named(names, one), "outputs": flattened(run(*one))} for one in [inputs, *[o if isinstance(o, tuple) else (o,) for o in others]]]
    answers[name] = {"runs": runs, **({"settings": settings} if settings else {})}


def rows(batch, steps, width):
    return torch.randn(batch, steps, width)


class Last(nn.Module):
    """A recurrent module, the last step, a head."""

    def __init__(self, cells, width, outputs=2, batch_first=True):
        super().__init__()
        self.cells = cells
        self.head = nn.Linear(width, outputs)
        self.batch_first = batch_first

    def forward(self, x):
        y, _ = self.cells(x)
        return self.head(y[:, -1] if self.batch_first else y[-1])


class Tagger(nn.Module):
    def __init__(self, cells, width, words=0):
        super().__init__()
        self.cells = cells
        self.embed = nn.Embedding(words, 3, padding_idx=0) if words else nn.Identity()
        self.norm = nn.LayerNorm(width)
        self.drop = nn.Dropout(0.4)
        self.head = nn.Linear(width, 4)

    def forward(self, x):
        y, _ = self.cells(self.embed(x))
        return torch.log_softmax(self.head(self.drop(self.norm(y))), dim=-1)


# recurrent modules: layers, directions, layout, projection, activations
x = rows(2, 5, 3)
more = (rows(1, 7, 3), rows(3, 1, 3))
time_first = rows(6, 2, 3)
for mode in ["script", "trace"]:
    more = (rows(1, 7, 3), rows(3, 1, 3))
    save(f"rnn-relu-{mode}", Last(nn.RNN(3, 4, nonlinearity="relu", batch_first=True), 4), mode, x, others=more)
    save(f"lstm-last-{mode}", Last(nn.LSTM(3, 5, batch_first=True), 5), mode, x, others=more, keep=mode == "script")
    save(f"gru-bidirectional-{mode}", Tagger(nn.GRU(3, 4, 2, bidirectional=True, batch_first=True), 8), mode, x, others=more)
    save(f"lstm-time-first-{mode}", Last(nn.LSTM(3, 4, 2, dropout=0.3), 4, batch_first=False), mode, time_first, others=[rows(2, 3, 3)])
    save(f"lstm-projected-{mode}", Tagger(nn.LSTM(3, 6, 2, proj_size=4, bidirectional=True, batch_first=True), 8), mode, x, others=more)
save("ids-lstm-script", Tagger(nn.LSTM(3, 5, batch_first=True, bidirectional=True), 10, 7), "script", torch.randint(7, (2, 6)), others=[torch.randint(7, (1, 3))])
save("ids-gru-trace", Tagger(nn.GRU(3, 4, bias=False), 4, 9), "trace", torch.randint(9, (6, 2)), others=[torch.randint(9, (4, 3))])
save("bare-lstm-script", nn.LSTM(3, 4, batch_first=True), "script", x, others=more)


# initial states as inputs, several inputs, several outputs
class WithState(nn.Module):
    def __init__(self):
        super().__init__()
        self.cells = nn.LSTM(3, 4, 2, batch_first=True)
        self.head = nn.Linear(4, 2)

    def forward(self, x: Tensor, state: Tuple[Tensor, Tensor]) -> Tuple[Tensor, Tuple[Tensor, Tensor]]:
        y, after = self.cells(x, state)
        return self.head(y), after


class WithH(nn.Module):
    def __init__(self):
        super().__init__()
        self.cells = nn.GRU(3, 4, bidirectional=True)
        self.head = nn.Linear(8, 2)

    def forward(self, x, h0):
        y, h = self.cells(x, h0)
        return self.head(y), h


state = (torch.randn(2, 2, 4), torch.randn(2, 2, 4))
save("state-in-out-script", WithState(), "script", x, state, others=[(rows(2, 1, 3), state)])
save("state-in-out-trace", WithState(), "trace", x, state, others=[(rows(2, 1, 3), state)])
save("h-in-out-trace", WithH(), "trace", time_first, torch.randn(2, 2, 4))


class Heads(nn.Module):
    def __init__(self):
        super().__init__()
        self.cells = nn.GRU(3, 5, batch_first=True)
        self.first = nn.Linear(5, 2)
        self.second = nn.Linear(5, 3)

    def forward(self, x) -> Dict[str, Tensor]:
        y, h = self.cells(x)
        return {"logits": self.first(y), "pooled": torch.tanh(self.second(y.mean(1))), "class": self.second(h[-1]).argmax(-1)}


class TwoStreams(nn.Module):
    def __init__(self):
        super().__init__()
        self.a = nn.LSTM(3, 4, batch_first=True)
        self.b = nn.GRU(2, 3, batch_first=True)
        self.head = nn.Linear(7, 2)

    def forward(self, x, z):
        _, (h, _) = self.a(x)
        _, g = self.b(z)
        return torch.sigmoid(self.head(torch.cat([h[0], g.squeeze(0)], dim=1)))


class Scaled(nn.Module):
    def __init__(self):
        super().__init__()
        self.register_buffer("mean", torch.zeros(3))
        self.register_buffer("scale", torch.ones(3))
        self.cells = nn.RNN(3, 4, 2)
        self.out = nn.Sequential(nn.Linear(4, 4), nn.ReLU(inplace=True), nn.Linear(4, 1))

    def forward(self, x, skip):
        x = (x - self.mean) / (self.scale.abs() + 0.5)
        y = self.cells(x.transpose(0, 1))[0].transpose(0, 1)
        return self.out(y).squeeze(-1) * 2.0 + skip[:, None].to(y.dtype)


save("dict-out-script", Heads(), "script", x, others=more)
save("two-streams-script", TwoStreams(), "script", x, rows(2, 4, 2))
save("two-streams-trace", TwoStreams(), "trace", x, rows(2, 4, 2))
save("scaled-script", Scaled(), "script", x, torch.randn(2), settings={"shapes": {"skip": [1]}})


# packed sequences
class Packed(nn.Module):
    def __init__(self, sort: bool, heads: bool, bidirectional: bool):
        super().__init__()
        self.cells = nn.LSTM(3, 4, batch_first=True, bidirectional=bidirectional)
        self.head = nn.Linear(8 if bidirectional else 4, 2)
        self.sort, self.heads = sort, heads

    def forward(self, x, lengths):
        packed = pack_padded_sequence(x, lengths, batch_first=True, enforce_sorted=not self.sort)
        out, (h, c) = self.cells(packed)
        y, n = pad_packed_sequence(out, batch_first=True)
        return self.head(y), h, n


class PackedState(nn.Module):
    def __init__(self):
        super().__init__()
        self.cells = nn.GRU(3, 4, 2)
        self.head = nn.Linear(4, 2)

    def forward(self, x, lengths, h0):
        out, h = self.cells(pack_padded_sequence(x, lengths, enforce_sorted=False), h0)
        y, _ = pad_packed_sequence(out, padding_value=-1.0, total_length=x.size(0))
        return self.head(y), h


ragged = torch.tensor([3, 5])
for mode in ["script", "trace"]:
    save(f"packed-{mode}", Packed(True, True, True), mode, x, ragged, others=[(rows(2, 6, 3), torch.tensor([4, 2]))])
    save(f"packed-sorted-{mode}", Packed(False, True, False), mode, x, torch.tensor([5, 2]))
    save(f"packed-state-{mode}", PackedState(), mode, time_first, torch.tensor([2, 6]), torch.randn(2, 2, 4))


# cells in loops
class CellLoop(nn.Module):
    def __init__(self):
        super().__init__()
        self.cell = nn.LSTMCell(3, 4)
        self.head = nn.Linear(4, 2)

    def forward(self, x):
        h = torch.zeros(x.size(0), 4)
        c = torch.zeros(x.size(0), 4)
        outputs: List[Tensor] = []
        for t in range(x.size(1)):
            h, c = self.cell(x[:, t], (h, c))
            outputs.append(self.head(h))
        return torch.stack(outputs, dim=1)


class GruLoop(nn.Module):
    def __init__(self, state: bool):
        super().__init__()
        self.first = nn.GRUCell(3, 4)
        self.second = nn.RNNCell(4, 5)

    def forward(self, x, a, b):
        outputs: List[Tensor] = []
        for row in x.unbind(0):
            a = self.first(row, a)
            b = self.second(a, b)
            outputs += [b]
        return torch.stack(outputs), a, b


class OwnCell(nn.Module):
    """Writes into a tensor, from the last step to the first."""

    def __init__(self):
        super().__init__()
        self.gates = nn.Linear(3 + 4, 12)

    def forward(self, x):
        batch, steps, _ = x.shape
        h = torch.zeros([batch, 4], dtype=x.dtype)
        y = torch.zeros(batch, steps, 4)
        for i in range(steps):
            t = steps - 1 - i
            z, r, n = self.gates(torch.cat((x[:, t, :], h), 1)).chunk(3, 1)
            z, r = torch.sigmoid(z), r.sigmoid()
            h = (1 - z) * h + z * torch.tanh(n * r)
            y[:, t] = h
        return y, h


save("cell-loop-script", CellLoop(), "script", x, others=more)
save("cell-loop-trace", CellLoop(), "trace", x)
save("gru-loop-script", GruLoop(True), "script", time_first, torch.randn(2, 4), torch.randn(2, 5))
save("own-cell-script", OwnCell(), "script", x, others=more)


class Fixed(nn.Module):
    """A decoder of a fixed number of steps that feeds itself."""

    def __init__(self):
        super().__init__()
        self.encode = nn.GRU(3, 4, batch_first=True)
        self.cell = nn.GRUCell(2, 4)
        self.head = nn.Linear(4, 2)
        self.steps = 3

    def forward(self, x):
        _, h = self.encode(x)
        h = h[0]
        last = x.new_zeros(x.size(0), 2)
        outputs = []
        for step in range(self.steps):
            h = self.cell(last, h)
            last = self.head(h)
            outputs.append(last)
        return torch.stack(outputs, 1)


save("fixed-decoder-script", Fixed(), "script", x, others=more)


# attention
class Attended(nn.Module):
    def __init__(self):
        super().__init__()
        self.cells = nn.LSTM(3, 4, batch_first=True, bidirectional=True)
        self.score = nn.Linear(8, 1, bias=False)
        self.head = nn.Linear(8, 2)

    def forward(self, x):
        y, _ = self.cells(x)
        weights = F.softmax(self.score(torch.tanh(y)), dim=1)
        context = torch.sum(weights * y, dim=1)
        return self.head(context), weights


class DotAttention(nn.Module):
    def __init__(self):
        super().__init__()
        self.cells = nn.GRU(3, 6, batch_first=True)
        self.attend = nn.MultiheadAttention(6, 2, batch_first=True)
        self.norm = nn.LayerNorm(6)

    def forward(self, x):
        y, _ = self.cells(x)
        z, _ = self.attend(y, y, y, need_weights=False)
        return self.norm(y + z)


class Masked(nn.Module):
    def __init__(self):
        super().__init__()
        self.cells = nn.GRU(3, 4, batch_first=True)
        self.q = nn.Linear(4, 4)

    def forward(self, x, mask):
        y, h = self.cells(x)
        q = self.q(h[-1]).unsqueeze(2)
        scores = torch.bmm(y, q).squeeze(2) / math.sqrt(4.0)
        scores = scores.masked_fill(mask == 0, -1e9)
        weights = torch.softmax(scores, 1)
        return torch.einsum("bt,btd->bd", weights, y), weights


save("attended-script", Attended(), "script", x, others=more)
save("attended-trace", Attended(), "trace", x, others=more)
save("dot-attention-script", DotAttention(), "script", x, others=more)
save("dot-attention-trace", DotAttention(), "trace", x)
save("masked-script", Masked(), "script", x, torch.tensor([[1.0, 1, 1, 0, 0], [1, 1, 1, 1, 1]]))


# convolutions before, pooling behind
class ConvFront(nn.Module):
    def __init__(self):
        super().__init__()
        self.conv = nn.Conv1d(3, 4, 3, padding=1)
        self.norm = nn.BatchNorm1d(4)
        self.cells = nn.LSTM(4, 5, batch_first=True)
        self.head = nn.Linear(10, 2)

    def forward(self, x):
        z = F.max_pool1d(F.relu(self.norm(self.conv(x.permute(0, 2, 1)))), 2)
        y, _ = self.cells(z.permute(0, 2, 1).contiguous())
        pooled = torch.cat((y.max(dim=1)[0], y.mean(dim=1)), 1)
        return self.head(pooled)


class Picture(nn.Module):
    def __init__(self):
        super().__init__()
        self.front = nn.Sequential(nn.Conv2d(1, 3, (3, 3), padding=1), nn.BatchNorm2d(3), nn.ReLU(), nn.MaxPool2d(2), nn.Conv2d(3, 2, 1), nn.GELU(), nn.AvgPool2d((2, 1)))
        self.cells = nn.GRU(4, 4, bidirectional=True)
        self.head = nn.Linear(8, 5)

    def forward(self, x):
        z = self.front(x)
        b, c, h, w = z.size()
        z = z.view(b, c * h, w).permute(2, 0, 1)
        y, _ = self.cells(z)
        return F.log_softmax(self.head(y), dim=2)


save("conv-front-script", ConvFront(), "script", rows(2, 6, 3), others=[rows(1, 9, 3)])
save("conv-front-trace", ConvFront(), "trace", rows(2, 6, 3), others=[rows(1, 9, 3)])
picture = torch.randn(2, 1, 8, 10)
save("picture-script", Picture(), "script", picture, others=[torch.randn(1, 1, 8, 6)], settings={"shapes": {"x": [1, 1, 8, -1]}})
save("picture-trace", Picture(), "trace", picture, others=[torch.randn(1, 1, 8, 6)])


# sharing, other ways to write the same
class Shared(nn.Module):
    def __init__(self):
        super().__init__()
        self.cells = nn.LSTM(3, 3, batch_first=True)
        self.again = self.cells
        self.table = nn.Embedding(6, 3)
        self.bias = nn.Parameter(torch.zeros(6))

    def forward(self, ids):
        y, state = self.cells(self.table(ids))
        y, _ = self.again(y, state)
        return F.linear(y, self.table.weight, self.bias)


class Residual(nn.Module):
    def __init__(self):
        super().__init__()
        self.layers = nn.ModuleList([nn.GRU(4, 4, batch_first=True) for _ in range(3)])
        self.enter = nn.Linear(3, 4)
        self.norms = nn.ModuleList([nn.GroupNorm(2, 4) for _ in range(3)])
        self.act = nn.ModuleDict({"leaky": nn.LeakyReLU(0.2), "elu": nn.ELU()})

    def forward(self, x):
        y = self.act["elu"](self.enter(x))
        for layer, norm in zip(self.layers, self.norms):
            z, _ = layer(y)
            y = y + norm(z.transpose(1, 2)).transpose(1, 2)
        return self.act["leaky"](y).clamp(-1, 2.5)


class Sliced(nn.Module):
    def __init__(self):
        super().__init__()
        self.cells = nn.LSTM(4, 4, batch_first=True, bidirectional=True)
        self.position = nn.Parameter(torch.zeros(12, 4))

    def forward(self, ids, times):
        one = F.one_hot(ids, 4).float()
        x = one + self.position[: ids.size(1)] + times.unsqueeze(-1)
        y, (h, c) = self.cells(x)
        forward, backward = y.split(4, dim=-1)
        ends = torch.cat((h[-2, :, :], h[-1, :, :]), dim=1)
        flipped = torch.flip(y, [1])[:, ::2, 1:-1]
        picked = torch.gather(y, 2, ids.unsqueeze(-1))
        return forward[:, -1] * backward[:, 0], ends, flipped, picked, torch.where(y > 0, y, y * 0.1)[..., 0]


save("shared-script", Shared(), "script", torch.randint(6, (2, 4)), others=[torch.randint(6, (1, 6))])
save("shared-trace", Shared(), "trace", torch.randint(6, (2, 4)), others=[torch.randint(6, (1, 6))])
save("residual-script", Residual(), "script", x, others=more)
save("residual-trace", Residual(), "trace", x, others=more)
save("sliced-script", Sliced(), "script", torch.randint(4, (2, 5)), rows(2, 5, 1)[..., 0], others=[(torch.randint(4, (1, 7)), rows(1, 7, 1)[..., 0])])
save("sliced-trace", Sliced(), "trace", torch.randint(4, (2, 5)), rows(2, 5, 1)[..., 0])

# weight_norm is computed in the graph
save("weight-norm-script", Last(nn.LSTM(3, 4, batch_first=True), 4), "script", x)
normed = Last(nn.GRU(3, 4, batch_first=True), 4)
normed.head = nn.utils.weight_norm(normed.head)
save("weight-norm-trace", normed, "trace", x, others=more)

# longer modules, in the forms of published code
class Seq2Seq(nn.Module):
    """Teacher forcing with additive attention over the encoder's steps."""

    def __init__(self):
        super().__init__()
        self.embed = nn.Embedding(11, 4)
        self.encoder = nn.GRU(4, 3, batch_first=True, bidirectional=True)
        self.bridge = nn.Linear(6, 5)
        self.decoder = nn.GRUCell(4 + 6, 5)
        self.query = nn.Linear(5, 4, bias=False)
        self.key = nn.Linear(6, 4)
        self.v = nn.Parameter(torch.zeros(4))
        self.out = nn.Linear(11, 11)

    def forward(self, source: Tensor, target: Tensor) -> Dict[str, Tensor]:
        memory, last = self.encoder(self.embed(source))
        h = torch.tanh(self.bridge(torch.cat([last[0], last[1]], -1)))
        keys = self.key(memory)
        rows: List[Tensor] = []
        attention: List[Tensor] = []
        words = self.embed(target)
        for t in range(target.size(1)):
            energy = torch.tanh(keys + self.query(h).unsqueeze(1)).matmul(self.v)
            weights = torch.softmax(energy, -1)
            context = torch.bmm(weights.unsqueeze(1), memory).squeeze(1)
            h = self.decoder(torch.cat((words[:, t], context), -1), h)
            rows.append(self.out(torch.cat((h, context), -1)))
            attention.append(weights)
        return {"logits": torch.stack(rows, 1), "attention": torch.stack(attention, 1)}


class Highway(nn.Module):
    def __init__(self, width: int):
        super().__init__()
        self.plain, self.gate = nn.Linear(width, width), nn.Linear(width, width)

    def forward(self, x):
        gate = self.gate(x).sigmoid()
        return gate * F.relu(self.plain(x)) + (1.0 - gate) * x


class Tacotronish(nn.Module):
    def __init__(self):
        super().__init__()
        self.banks = nn.ModuleList([nn.Conv1d(4, 3, k, padding=k // 2) for k in (1, 2, 3)])
        self.norms = nn.ModuleList([nn.BatchNorm1d(3) for _ in range(3)])
        self.project = nn.Conv1d(9, 4, 3, padding=1, bias=False)
        self.highways = nn.Sequential(Highway(4), Highway(4))
        self.cells = nn.GRU(4, 3, batch_first=True, bidirectional=True)

    def forward(self, x):
        y = x.transpose(1, 2)
        steps = y.size(-1)
        banks = []
        for conv, norm in zip(self.banks, self.norms):
            banks.append(norm(torch.relu(conv(y)[:, :, :steps])))
        y = F.max_pool1d(torch.cat(banks, dim=1), kernel_size=2, stride=1, padding=1)[:, :, :steps]
        y = self.project(y) + x.transpose(1, 2)
        return self.cells(self.highways(y.transpose(1, 2)))[0]


class PackedTagger(nn.Module):
    """Words with lengths, padded with zeros, time first inside."""

    def __init__(self):
        super().__init__()
        self.embed = nn.Embedding(9, 4, padding_idx=0)
        self.cells = nn.LSTM(4, 3, num_layers=2, bidirectional=True, dropout=0.5)
        self.drop = nn.Dropout(0.3)
        self.tags = nn.Linear(6, 5)

    def forward(self, words, lengths):
        x = self.drop(self.embed(words)).permute(1, 0, 2)
        packed = nn.utils.rnn.pack_padded_sequence(x, lengths, enforce_sorted=False)
        packed_output, (h, _) = self.cells(packed)
        output, _ = nn.utils.rnn.pad_packed_sequence(packed_output)
        sentence = torch.cat((h[-2], h[-1]), dim=1)
        return F.log_softmax(self.tags(output), -1).argmax(-1), sentence


class MeanOverLengths(nn.Module):
    def __init__(self):
        super().__init__()
        self.cells = nn.RNN(3, 4, batch_first=True)
        self.head = nn.Linear(8, 2)

    def forward(self, x, lengths):
        y, _ = self.cells(x)
        mask = torch.arange(x.size(1), device=x.device)[None, :] < lengths[:, None]
        weights = mask.unsqueeze(-1).float()
        mean = (y * weights).sum(1) / weights.sum(1).clamp(min=1)
        last = y.gather(1, (lengths - 1).view(-1, 1, 1).expand(-1, 1, y.size(2))).squeeze(1)
        return self.head(torch.cat([mean, last], dim=-1))


class LayerNormLSTM(nn.Module):
    """A cell of its own in a submodule, over time first."""

    def __init__(self):
        super().__init__()
        self.cell = LayerNormCell(3, 4)

    def forward(self, x: Tensor, state: Tuple[Tensor, Tensor]) -> Tuple[Tensor, Tuple[Tensor, Tensor]]:
        rows = x.unbind(0)
        outputs = torch.jit.annotate(List[Tensor], [])
        for i in range(len(rows)):
            out, state = self.cell(rows[i], state)
            outputs += [out]
        return torch.stack(outputs), state


class LayerNormCell(nn.Module):
    def __init__(self, inputs: int, units: int):
        super().__init__()
        self.weight_ih = nn.Parameter(torch.zeros(4 * units, inputs))
        self.weight_hh = nn.Parameter(torch.zeros(4 * units, units))
        self.norm_i, self.norm_h, self.norm_c = nn.LayerNorm(4 * units), nn.LayerNorm(4 * units), nn.LayerNorm(units)

    def forward(self, x: Tensor, state: Tuple[Tensor, Tensor]) -> Tuple[Tensor, Tuple[Tensor, Tensor]]:
        h, c = state
        gates = self.norm_i(torch.mm(x, self.weight_ih.t())) + self.norm_h(torch.mm(h, self.weight_hh.t()))
        i, f, g, o = gates.chunk(4, 1)
        c = self.norm_c(torch.sigmoid(f) * c + torch.sigmoid(i) * torch.tanh(g))
        h = torch.sigmoid(o) * torch.tanh(c)
        return h, (h, c)


class Forecast(nn.Module):
    """Normalised by the sequence's own statistics; the hidden state is repeated for the horizon."""

    def __init__(self):
        super().__init__()
        self.encode = nn.LSTM(2, 5, batch_first=True)
        self.decode = nn.LSTM(5, 5, batch_first=True)
        self.head = nn.Linear(5, 2)
        self.horizon = 4

    def forward(self, x):
        mean = x.mean(dim=1, keepdim=True)
        std = torch.sqrt(x.var(dim=1, keepdim=True, unbiased=False) + 1e-5)
        _, (h, c) = self.encode((x - mean) / std)
        steps = h[-1].unsqueeze(1).repeat(1, self.horizon, 1)
        y, _ = self.decode(steps, (h, c))
        return self.head(y) * std + mean


class Siamese(nn.Module):
    def __init__(self):
        super().__init__()
        self.table = nn.Embedding(8, 4)
        self.cells = nn.GRU(4, 5, batch_first=True)

    def encode(self, ids):
        y, _ = self.cells(self.table(ids))
        return F.normalize(y.max(1)[0], dim=-1)

    def forward(self, a, b):
        one, other = self.encode(a), self.encode(b)
        return F.cosine_similarity(one, other), torch.abs(one - other).sum(-1), torch.exp(-torch.norm(one - other, p=1, dim=1))


class Transducer(nn.Module):
    """Joins every step of one sequence with every step of another."""

    def __init__(self):
        super().__init__()
        self.audio = nn.LSTM(3, 4, 1, batch_first=True, proj_size=2)
        self.labels = nn.GRU(3, 2, batch_first=True)
        self.words = nn.Embedding(6, 3)
        self.joint = nn.Sequential(nn.Tanh(), nn.Linear(2, 6))

    def forward(self, x, y):
        f = self.audio(x)[0].unsqueeze(2)
        g = self.labels(self.words(y))[0].unsqueeze(1)
        return self.joint(f + g).log_softmax(-1)


class ConvLstmFront(nn.Module):
    """Strided convolutions over [batch, 1, time, bins] as in speech recognition, with hardtanh."""

    def __init__(self):
        super().__init__()
        self.conv = nn.Sequential(nn.Conv2d(1, 2, (3, 3), stride=(2, 1), padding=(1, 1)), nn.Hardtanh(0.0, 20.0, inplace=True), nn.Conv2d(2, 2, 3, stride=(1, 2)), nn.Hardtanh(0.0, 20.0, inplace=True))
        self.cells = nn.ModuleList([nn.RNN(4, 3, bidirectional=True), nn.RNN(3, 3, bidirectional=True)])
        self.head = nn.Linear(3, 4)

    def forward(self, x):
        y = self.conv(x.unsqueeze(1))
        sizes = y.size()
        y = y.permute(2, 0, 1, 3).reshape(sizes[2], sizes[0], sizes[1] * sizes[3])
        for cells in self.cells:
            y, _ = cells(y)
            y = y.view(y.size(0), y.size(1), 2, -1).sum(2)
        return self.head(y).transpose(0, 1).softmax(dim=-1)


class Policy(nn.Module):
    def __init__(self):
        super().__init__()
        self.body = nn.Sequential(nn.Linear(4, 6), nn.SiLU(), nn.LayerNorm(6, elementwise_affine=False))
        self.cell = nn.LSTMCell(6, 5)
        self.actor, self.critic = nn.Linear(5, 3), nn.Linear(5, 1)

    def forward(self, obs, h, c, starts):
        keep = (1.0 - starts).unsqueeze(1)
        h, c = self.cell(self.body(obs), (h * keep, c * keep))
        logits = self.actor(h)
        return logits - logits.logsumexp(-1, keepdim=True), self.critic(h).squeeze(-1), h, c


class Positions(nn.Module):
    """A transformer layer over a recurrent encoder, with a causal mask and sinusoids."""

    def __init__(self):
        super().__init__()
        self.cells = nn.GRU(3, 4, batch_first=True)
        position = torch.arange(20).float().unsqueeze(1) / torch.tensor([1.0, 1.0, 10.0, 10.0])
        self.register_buffer("fixed", torch.cat([position[:, ::2].sin(), position[:, 1::2].cos()], 1))
        self.qkv = nn.Linear(4, 12)
        self.out = nn.Linear(4, 4)
        self.feed = nn.Sequential(nn.Linear(4, 8), nn.GELU(), nn.Dropout(0.1), nn.Linear(8, 4))
        self.norms = nn.ModuleList([nn.LayerNorm(4), nn.LayerNorm(4)])

    def forward(self, x):
        y = self.cells(x)[0]
        b, t, w = y.shape
        y = y + self.fixed[:t]
        q, k, v = self.qkv(y).view(b, t, 3, 2, w // 2).permute(2, 0, 3, 1, 4).unbind(0)
        scores = (q @ k.transpose(-2, -1)) * (w // 2) ** -0.5
        mask = torch.triu(torch.ones(t, t, dtype=torch.bool), diagonal=1)
        scores = scores.masked_fill(mask, float("-inf"))
        z = (scores.softmax(-1) @ v).transpose(1, 2).contiguous().view(b, t, w)
        y = self.norms[0](y + self.out(z))
        return self.norms[1](y + self.feed(y))


words = torch.randint(1, 9, (2, 5))
save("seq2seq-script", Seq2Seq(), "script", torch.randint(11, (2, 4)), torch.randint(11, (2, 3)), others=[(torch.randint(11, (1, 6)), torch.randint(11, (1, 5)))])
save("tacotron-script", Tacotronish(), "script", rows(2, 6, 4), others=[rows(1, 3, 4)])
save("tacotron-trace", Tacotronish(), "trace", rows(2, 6, 4), others=[rows(1, 3, 4)])
save("packed-tagger-script", PackedTagger(), "script", words, torch.tensor([3, 4]), others=[(words[:1], torch.tensor([2]))])
save("packed-tagger-trace", PackedTagger(), "trace", words, torch.tensor([3, 4]))
save("mean-lengths-script", MeanOverLengths(), "script", x, torch.tensor([2, 5]))
save("mean-lengths-trace", MeanOverLengths(), "trace", x, torch.tensor([2, 5]))
save("layer-norm-lstm-script", LayerNormLSTM(), "script", time_first, (torch.randn(2, 4), torch.randn(2, 4)), others=[(rows(3, 1, 3), (torch.randn(1, 4), torch.randn(1, 4)))])
save("forecast-script", Forecast(), "script", rows(2, 7, 2), others=[rows(1, 4, 2)])
save("forecast-trace", Forecast(), "trace", rows(2, 7, 2), others=[rows(1, 4, 2)])
save("siamese-script", Siamese(), "script", torch.randint(8, (2, 4)), torch.randint(8, (2, 6)))
save("transducer-trace", Transducer(), "trace", x, torch.randint(6, (2, 3)), others=[(rows(2, 7, 3), torch.randint(6, (2, 2)))])
save("conv-rnn-script", ConvLstmFront(), "script", rows(2, 8, 6), others=[rows(1, 11, 6)])
save("policy-script", Policy(), "script", torch.randn(2, 4), torch.randn(2, 5), torch.randn(2, 5), torch.tensor([0.0, 1.0]))
save("policy-trace", Policy(), "trace", torch.randn(2, 4), torch.randn(2, 5), torch.randn(2, 5), torch.tensor([0.0, 1.0]))
save("positions-script", Positions(), "script", x, others=more)
save("positions-trace", Positions(), "trace", x)


# ways of the language: loops backwards, lists that change, states that begin as None, writes into tensors
class LastValid(nn.Module):
    def __init__(self):
        super().__init__()
        self.cells = nn.LSTM(3, 4, batch_first=True)
        self.head = nn.Linear(4, 2)

    def forward(self, x, lengths):
        y, _ = self.cells(x)
        return self.head(y[torch.arange(y.size(0)), lengths - 1])


class Backwards(nn.Module):
    def __init__(self):
        super().__init__()
        self.cell = nn.GRUCell(3, 4)

    def forward(self, x):
        h = torch.zeros(x.size(1), 4)
        outputs: List[Tensor] = []
        for t in range(x.size(0) - 1, -1, -1):
            h = self.cell(x[t], h)
            outputs.append(h)
        return torch.stack(outputs[::-1])


class StackedCells(nn.Module):
    def __init__(self):
        super().__init__()
        self.cells = nn.ModuleList([nn.LSTMCell(3, 4), nn.LSTMCell(4, 4)])
        self.head = nn.Linear(4, 2)

    def forward(self, x):
        h: List[Tensor] = []
        c: List[Tensor] = []
        for layer in range(2):
            h.append(torch.zeros(x.size(0), 4))
            c.append(torch.zeros(x.size(0), 4))
        outputs: List[Tensor] = []
        for row in x.split(1, dim=1):
            y = row[:, 0]
            for i, cell in enumerate(self.cells):
                h[i], c[i] = cell(y, (h[i], c[i]))
                y = h[i]
            outputs += [self.head(y)]
        return torch.stack(outputs, 1), h[1]


class NoneState(nn.Module):
    def __init__(self):
        super().__init__()
        self.cell = nn.RNNCell(3, 4)

    def forward(self, x):
        h: Optional[Tensor] = None
        outputs: List[Tensor] = []
        for t in range(x.size(0)):
            h = self.cell(x[t], h)
            outputs.append(h)
        return torch.stack(outputs)


class Writes(nn.Module):
    """Sums and rows that are written in place, in and out of a loop."""

    def __init__(self):
        super().__init__()
        self.cells = nn.LSTM(3, 4, batch_first=True)
        self.head = nn.Linear(4, 2)
        self.act = nn.ReLU(inplace=True)

    def forward(self, x):
        y, _ = self.cells(x)
        y *= 2
        first = y[:, 0]
        first += 1
        out = torch.empty(x.size(0), x.size(1), 2)
        total = torch.zeros(x.size(0), 2)
        again = total
        for t in range(x.size(1)):
            out[:, t] = self.act(self.head(y[:, t]))
            total += out[:, t]
        out[:, -1, 1] = 7.0
        return out, total, again + 1, self.act(y.transpose(1, 2))


class MaskedIds(nn.Module):
    def __init__(self):
        super().__init__()
        self.table = nn.Embedding(7, 3)
        self.cells = nn.LSTM(3, 4, batch_first=True)
        self.score = nn.Linear(4, 1)

    def forward(self, ids):
        mask = ids.ne(0)
        y, _ = self.cells(self.table(ids))
        weights = self.score(y).squeeze(-1).masked_fill(~mask, float("-inf")).softmax(1)
        return (y * weights.unsqueeze(2)).sum(1), mask.sum(1)


class Transformer(nn.Module):
    def __init__(self):
        super().__init__()
        self.cells = nn.GRU(3, 4, batch_first=True)
        self.layer = nn.TransformerEncoderLayer(4, 2, 8, batch_first=True)

    def forward(self, x):
        return self.layer(self.cells(x)[0])


class Norms(nn.Module):
    def __init__(self):
        super().__init__()
        self.cells = nn.LSTM(3, 4, batch_first=True)
        self.batch = nn.BatchNorm1d(4)
        self.instance = nn.InstanceNorm1d(4, affine=True)

    def forward(self, x):
        y = self.cells(x)[0]
        b, t, f = y.shape
        rows = self.batch(y.contiguous().view(-1, f)).view(b, t, f)
        return rows, self.instance(y.transpose(1, 2)), torch.cumsum(y, 1), F.glu(y, -1), torch.logsumexp(y, 2), y.std(1)


save("last-valid-script", LastValid(), "script", x, torch.tensor([2, 5]))
save("last-valid-trace", LastValid(), "trace", x, torch.tensor([2, 5]))
save("backwards-script", Backwards(), "script", time_first, others=[rows(1, 2, 3)])
save("stacked-cells-script", StackedCells(), "script", x, others=more)
save("none-state-script", NoneState(), "script", time_first, others=[rows(1, 2, 3)])
save("writes-script", Writes(), "script", x, others=more)
save("masked-ids-script", MaskedIds(), "script", torch.tensor([[1, 2, 0, 0], [3, 4, 5, 6]]))
save("masked-ids-trace", MaskedIds(), "trace", torch.tensor([[1, 2, 0, 0], [3, 4, 5, 6]]))
save("transformer-script", Transformer(), "script", x, others=more)
save("transformer-trace", Transformer(), "trace", x)
save("norms-script", Norms(), "script", x, others=[rows(3, 7, 3)])
save("norms-trace", Norms(), "trace", x)


# transposed convolutions: strides, groups, dilations, paddings
class Upsampled(nn.Module):
    def __init__(self):
        super().__init__()
        self.wide = nn.ConvTranspose1d(3, 4, 4, stride=2, padding=1)
        self.grouped = nn.ConvTranspose1d(4, 6, 3, stride=3, padding=2, output_padding=1, groups=2, dilation=2, bias=False)
        self.cells = nn.GRU(6, 4, batch_first=True)

    def forward(self, x):
        y = self.grouped(torch.relu(self.wide(x.transpose(1, 2))))
        return self.cells(y.transpose(1, 2))[0]


class Decoded(nn.Module):
    def __init__(self):
        super().__init__()
        self.cells = nn.GRU(3, 8, batch_first=True)
        self.image = nn.ConvTranspose2d(2, 3, (3, 2), stride=(1, 2), padding=(1, 0), output_padding=(0, 1))

    def forward(self, x):
        y = self.cells(x)[0]
        return self.image(y.view(y.size(0), y.size(1), 2, 4).permute(0, 2, 1, 3))


for mode in ["script", "trace"]:
    save(f"upsampled-{mode}", Upsampled(), mode, x, others=more)
    save(f"transposed-image-{mode}", Decoded(), mode, x, others=more)

(folder / "answers.json").write_text(json.dumps(answers, separators=(",", ":")))
print(len(answers), "modules,", sum(one.stat().st_size for one in folder.iterdir()), "bytes")
