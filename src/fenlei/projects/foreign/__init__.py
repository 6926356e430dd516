"""Classifiers that were trained elsewhere and come as ONNX files: looked over, tried, made into model files."""
