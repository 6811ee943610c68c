"""Writes torch-files/: files of weights as PyTorch saves them, and what PyTorch makes of a random sequence.

    /usr/bin/python3 test/golden/make-torch-files.py

Made with Debian's python3-torch 1.13. The tests read the files; Python is not needed to run them.
"""
import json
import os
import pickle
from pathlib import Path

import torch

STEPS, INPUTS, UNITS, PROJECTED = 6, 3, 5, 2
folder = Path(__file__).parent / "torch-files"
folder.mkdir(exist_ok=True)
torch.manual_seed(11)

# every nn.RNN, nn.LSTM, nn.GRU over layers, directions, projection, bias; batch_first changes no tensor
cases, answers = {}, {}
count = 0
for kind in ["RNN", "LSTM", "GRU"]:
    for layers in [1, 2]:
        for bidirectional in [False, True]:
            for projected in [0, PROJECTED] if kind == "LSTM" else [0]:
                for bias in [True, False]:
                    batch_first = count % 2 == 0
                    count += 1
                    more = {"proj_size": projected} if projected else {}
                    net = getattr(torch.nn, kind)(
                        INPUTS, UNITS, layers, bias=bias, bidirectional=bidirectional, batch_first=batch_first, **more
                    )
                    x = torch.randn(STEPS, 1, INPUTS)
                    with torch.no_grad():
                        y = net(x.transpose(0, 1))[0].transpose(0, 1) if batch_first else net(x)[0]
                    name = f"{kind} layers={layers} bidirectional={bidirectional} proj={projected} bias={bias}"
                    cases[name] = net.state_dict()
                    answers[name] = {"x": x[:, 0].tolist(), "y": y[:, 0].tolist()}
torch.save(cases, folder / "recurrent.pt")

# views with offsets and strides, other types of numbers, more than the weights
storage = torch.arange(40, dtype=torch.float32) / 8
views = {
    "offset": storage[5:17].view(3, 4),
    "transposed": storage[4:16].view(3, 4).t(),
    "stepped": storage[::3],
    "half": (torch.arange(6) / 4).half().view(2, 3),
    "bfloat": (torch.arange(6) / 4).bfloat16().view(2, 3),
    "double": (torch.arange(6).double() / 3),
    "long": torch.arange(4) - 2,
    "bool": torch.tensor([True, False, True]),
    "scalar": torch.tensor(2.5),
    "parameter": torch.nn.Parameter(torch.ones(2)),
}
answers["views"] = {
    name: {"shape": list(value.shape), "values": value.detach().double().flatten().tolist()} for name, value in views.items()
}
torch.save({"epoch": 3, "state_dict": views, "note": "with a checkpoint's other things"}, folder / "views.pt")
torch.save(views, folder / "views-legacy.pt", _use_new_zipfile_serialization=False)


class Tagger(torch.nn.Module):
    def __init__(self):
        super().__init__()
        self.words = torch.nn.Embedding(7, 4)
        self.cells = torch.nn.GRU(4, 5, bidirectional=True)
        self.norm = torch.nn.LayerNorm(10)
        self.out = torch.nn.Linear(10, 3)

    def forward(self, ids):
        return self.out(self.norm(self.cells(self.words(ids))[0]))


tagger = Tagger()
ids = torch.randint(7, (STEPS, 1))
with torch.no_grad():
    answers["tagger"] = {"ids": ids[:, 0].tolist(), "y": tagger(ids)[:, 0].tolist()}
torch.save(tagger.state_dict(), folder / "tagger.pt")
torch.jit.script(tagger).save(str(folder / "tagger-script.pt"))
torch.save(tagger, folder / "whole-module.pt")


class Evil:
    def __reduce__(self):
        return os.system, ("touch evil-was-here",)


torch.save({"weight": torch.ones(2), "evil": Evil()}, folder / "evil.pt")
with open(folder / "evil.pkl", "wb") as file:
    pickle.dump(Evil(), file, protocol=4)
with open(folder / "answers.json", "w") as file:
    json.dump(answers, file)
