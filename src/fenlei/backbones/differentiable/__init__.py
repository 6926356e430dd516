"""An exported network once more, in torch: what it computes, and by how much each place of a map moves what comes out.

Engines run a network forwards only. Every model has its network as an ONNX file, whether it came from a package, was
joined of two, was fine-tuned, or is somebody else's; so it is this file that is followed, operator by operator, and not
a module that only some of them have. The operators are those that torch's exporter writes for pictures; torch itself
does the arithmetic and the derivatives.
"""

from __future__ import annotations

from fenlei.backbones.differentiable.network import Cut, TorchNetwork, follow

__all__ = ["Cut", "TorchNetwork", "follow"]
