"""The control panel: what people touch inside the notebook, made of ipywidgets."""
