"""Whether an answer is what the description of the API says."""

from typing import Any

Described = dict[str, Any]


def operations(described: Described) -> dict[tuple[str, str], Described]:
    return {
        (method.upper(), path): operation
        for path, methods in described["paths"].items()
        for method, operation in methods.items()
    }


def fits(value: Any, schema: Described, described: Described, where: str = "$") -> None:
    """Does the value fit? As much of JSON Schema as the description uses."""
    if "$ref" in schema:
        schema = described["components"]["schemas"][schema["$ref"].rpartition("/")[2]]
    if "anyOf" in schema:
        faults: list[str] = []
        for one in schema["anyOf"]:
            try:
                fits(value, one, described, where)
            except AssertionError as error:
                faults.append(str(error))
            else:
                return
        raise AssertionError(f"{where}: {faults}")
    if "enum" in schema:
        assert value in schema["enum"], where
    kinds: dict[str, Any] = {"object": dict, "array": list, "string": str, "boolean": bool, "null": type(None)}
    kind = schema.get("type")
    if kind == "integer":
        assert isinstance(value, int), where
    elif kind is not None:
        assert isinstance(value, kinds[kind]), (where, kind, value)
    if kind == "object":
        assert set(schema.get("required", [])) <= value.keys(), where
        for name, one in schema.get("properties", {}).items():
            if name in value:
                fits(value[name], one, described, f"{where}.{name}")
    if kind == "array":
        for one in value:
            fits(one, schema.get("items") or {}, described, f"{where}[]")
