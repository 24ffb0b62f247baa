"""Models in the ONNX format: finding them, loading them, and pictures as they take them. Needs the extra `onnx`.

onnx_file.py        where a model is, and its session
model_values.py     from pixels to the numbers that a model takes
picture_model.py    the model of the settings that says what pictures look like
"""
