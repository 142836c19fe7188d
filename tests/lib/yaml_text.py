# SPDX-License-Identifier: Apache-2.0
"""Just enough YAML to write a configuration."""
import json


def _scalar(value):
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int):
        return str(value)
    return json.dumps(str(value), ensure_ascii=False)


def _lines(value, indent):
    pad = "  " * indent
    if isinstance(value, dict):
        for key, inner in value.items():
            if isinstance(inner, (dict, list)) and inner:
                yield f"{pad}{key}:"
                yield from _lines(inner, indent + 1)
            else:
                yield f"{pad}{key}: {'[]' if inner == [] else _scalar(inner)}"
    else:
        for inner in value:
            if isinstance(inner, dict):
                first, *rest = _lines(inner, indent + 1)
                yield f"{pad}- {first.strip()}"
                yield from rest
            else:
                yield f"{pad}- {_scalar(inner)}"


def to_yaml(value):
    return "\n".join(_lines(value, 0)) + "\n"
