"""The operations of the contract, ready to be asked: for tests that are made of openapi.yaml itself."""

import re
from urllib.parse import urlencode

import yaml

from client import TOP

CONTRACT = yaml.load((TOP / "openapi.yaml").read_text(), Loader=getattr(yaml, "CSafeLoader", yaml.SafeLoader))
VERBS = ("get", "post", "put", "patch", "delete")


def resolve(thing):
    while "$ref" in thing:
        node = CONTRACT
        for key in thing["$ref"].lstrip("#/").split("/"):
            node = node[key]
        thing = node
    return thing


class Operation:
    def __init__(self, path, verb, item):
        self.path, self.verb, self.about = path, verb, item[verb]
        self.parameters = {p["name"]: p for p in map(resolve, item.get("parameters", []) + self.about.get("parameters", []))}
        self.statuses = {int(s) for s in self.about["responses"] if s.isdigit()}
        self.public = not path.startswith("/v1/")
        self.operators = "For operators' keys only" in self.about.get("description", "") or "/gateways" in path
        self.body = resolve(self.about["requestBody"]) if "requestBody" in self.about else None
        self.kind = next(iter(self.body["content"])) if self.body else None

    def __str__(self):
        return self.about["operationId"]

    def ask(self, client, body=None, headers=None, query="", values=None):
        """With the examples of the contract where nothing else is said: ids of nothing."""
        def value(match):
            p = self.parameters[match[1]]
            return (values or {}).get(match[1]) or str(p.get("example") or resolve(p["schema"])["example"])
        path = re.sub(r"\{(\w+)\}", value, self.path)
        if body is None and self.body and self.body.get("required"):
            body = b"{}"
        if not query:
            needed = {name: p["example"] for name, p in self.parameters.items() if p["in"] == "query" and p.get("required")}
            query = "?" + urlencode(needed) if needed else ""
        kind = {"Content-Type": self.kind} if body is not None else {}
        return client.request(self.verb.upper(), path + query, body, headers={**kind, **(headers or {})})

    def example(self):
        """The body that the contract shows."""
        content = self.body["content"][self.kind]
        return content.get("example") or next(iter(content.get("examples", {"": {"value": {}}}).values()))["value"]


OPERATIONS = [Operation(path, verb, item) for path, item in CONTRACT["paths"].items() for verb in VERBS if verb in item]
