# SPDX-License-Identifier: Apache-2.0
"""console.proto as a Python module, made by protoc at the first use."""
import atexit
import importlib
import shutil
import subprocess
import sys
import tempfile

from programs import ROOT


def _compile():
    folder = tempfile.mkdtemp(prefix="hf-proto-")
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    subprocess.run(["protoc", f"--proto_path={ROOT / 'proto'}", f"--python_out={folder}", "console.proto"], check=True)
    sys.path.insert(0, folder)
    return importlib.import_module("console_pb2")


pb = _compile()
