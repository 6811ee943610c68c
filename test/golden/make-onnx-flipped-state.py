"""Writes onnx-files/flipped-state.onnx: one step of a GRU whose next state is its end in reverse order.

    /usr/bin/python3 test/golden/make-onnx-flipped-state.py

Made with Debian's python3-torch 1.13.
"""
import pathlib
import warnings

import torch
from torch import nn

warnings.filterwarnings("ignore")
torch.manual_seed(1)


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.rnn = nn.GRU(3, 5, batch_first=True)
        self.head = nn.Linear(5, 2)

    def forward(self, x, h):
        y, end = self.rnn(x, h)
        return self.head(y[:, 0]), end.flip(2)


torch.onnx.export(
    Net().eval(),
    (torch.zeros(2, 1, 3), torch.zeros(1, 2, 5)),
    str(pathlib.Path(__file__).parent / "onnx-files" / "flipped-state.onnx"),
    opset_version=13,
    input_names=["x", "h"],
    output_names=["y", "hn"],
    dynamic_axes={"x": {0: "B"}, "h": {1: "B"}, "y": {0: "B"}, "hn": {1: "B"}},
)
