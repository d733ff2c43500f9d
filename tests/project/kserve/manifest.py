"""Checks that KServe's own models know every field of a manifest: manifest.py FILE.

Runs in an environment that has kserve, but not this project. Exits with 0 if they do.
"""

import json
import sys
from pathlib import Path
from types import SimpleNamespace

import yaml
from kserve import models
from kserve.api_client import ApiClient
from kubernetes import client as kubernetes

KINDS = {"ServingRuntime": "V1alpha1ServingRuntime", "InferenceService": "V1beta1InferenceService"}


def main(path):
    for name in dir(kubernetes):  # KServe's models refer to those of Kubernetes.
        if not hasattr(models, name):
            setattr(models, name, getattr(kubernetes, name))
    client = ApiClient()
    for given in yaml.safe_load_all(Path(path).read_text()):
        read = client.deserialize(SimpleNamespace(data=json.dumps(given)), KINDS[given["kind"]])
        # What they do not know they leave out.
        check(given, client.sanitize_for_serialization(read), given["kind"])


def check(given, known, where):
    """Raises AssertionError, which names the field, unless all that is given is known."""
    if isinstance(given, dict):
        for name, value in given.items():
            assert name in known, f"{where}.{name} is not a field"
            check(value, known[name], f"{where}.{name}")
    elif isinstance(given, list):
        for index, pair in enumerate(zip(given, known, strict=True)):
            check(*pair, f"{where}[{index}]")
    else:
        assert given == known, f"{where} is {given!r}, and read as {known!r}"


main(*sys.argv[1:])
