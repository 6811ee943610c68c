"""Writes float64-files/: weights of float64 in every format that has them, and PyTorch's answer in float64.

    /usr/bin/python3 test/golden/make-float64-files.py

Made with Debian's python3-torch 1.13. The tests read the files; Python is not needed to run them.
"""
import json
import struct
from pathlib import Path

import h5py
import numpy as np
import torch
import torch.nn as nn

folder = Path(__file__).parent / "float64-files"
folder.mkdir(exist_ok=True)
torch.manual_seed(8)


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.rnn = nn.LSTM(3, 4, batch_first=True)
        self.out = nn.Linear(4, 2)

    def forward(self, x):
        return self.out(self.rnn(x)[0])


net = Net().double().eval()
state = net.state_dict()
arrays = {name: one.numpy() for name, one in state.items()}
torch.save(state, folder / "state.pt")
torch.save(state, folder / "legacy.pt", _use_new_zipfile_serialization=False)
torch.jit.save(torch.jit.script(net), folder / "scripted.pt")
torch.jit.save(torch.jit.freeze(torch.jit.script(net)), folder / "frozen.pt")
np.savez(folder / "arrays.npz", **arrays)
with h5py.File(folder / "arrays.h5", "w") as file:
    for name, one in arrays.items():
        file[name] = one
header, at = {}, 0
for name, one in arrays.items():
    header[name] = {"dtype": "F64", "shape": one.shape, "data_offsets": [at, at + one.nbytes]}
    at += one.nbytes
text = json.dumps(header).encode()
data = b"".join(one.tobytes() for one in arrays.values())
(folder / "arrays.safetensors").write_bytes(struct.pack("<Q", len(text)) + text + data)
x = torch.randn(1, 6, 3, dtype=torch.float64)
answer = {"x": x[0].tolist(), "y": net(x)[0].tolist()}
(folder / "answers.json").write_text(json.dumps({"net": answer}) + "\n")
