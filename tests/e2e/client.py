"""The HTTP client of the tests. Every answer is held against openapi.yaml, and so is every request that
was taken, so that whatever the suites do also proves the contract. What was done is counted: at the
end tests/contract/coverage.py asks whether every operation and every status was seen."""

import http.client
import json
import os
import re
import urllib.parse
from pathlib import Path

import jsonschema
import yaml

TOP = Path(__file__).resolve().parents[2]
CHECKED_MAX = 1 << 20  # a longer body takes jsonschema minutes; what it is made of is seen in shorter ones


class Contract:
    def __init__(self, path):
        self.document = yaml.load(path.read_text(), Loader=getattr(yaml, "CSafeLoader", yaml.SafeLoader))
        self.resolver = jsonschema.RefResolver.from_schema(self.document)
        self.paths = []
        for template, item in self.document["paths"].items():
            pattern = re.sub(r"\\\{[^}]+\\\}", "[^/]+", re.escape(template))
            # A literal path wins over one with a parameter.
            self.paths.append((template.count("{"), re.compile(pattern + "$"), item))
        self.paths.sort(key=lambda entry: entry[0])
        self.templates = {id(item): template for template, item in self.document["paths"].items()}
        self.seen = {}  # operationId: statuses

    def resolve(self, thing):
        while "$ref" in thing:
            thing = self.resolver.resolve(thing["$ref"])[1]
        return thing

    def errors(self, schema, value, where):
        validator = jsonschema.Draft202012Validator(schema, resolver=self.resolver)
        return [f"{where}: /{'/'.join(map(str, e.path))}: {e.message}" for e in validator.iter_errors(value)]

    def check_request(self, operation, common, where, query, body, kind):
        """What was taken is something that the contract allows: parameters by name, the body by its schema."""
        named = {p["name"] for p in map(self.resolve, common + operation.get("parameters", []))
                 if p["in"] == "query"}
        asked = {name for name, _ in urllib.parse.parse_qsl(query, keep_blank_values=True)}
        assert asked <= named, f"{where}: the contract has no parameters {asked - named}"
        if "requestBody" not in operation:
            assert not body, f"{where}: the contract knows no body, {body[:200]!r} was taken"
            return
        if body is None:
            assert not self.resolve(operation["requestBody"]).get("required"), f"{where}: no body was taken"
            return
        content = self.resolve(operation["requestBody"])["content"]
        kind = kind.split(";")[0].strip().lower()
        assert kind in content, f"{where}: a body of {kind} was taken, the contract has {list(content)}"
        schema = content[kind].get("schema")
        if schema and kind.endswith(("/json", "+json")) and len(body) < CHECKED_MAX:
            problems = self.errors(schema, json.loads(body), f"{where}, request")
            assert not problems, "\n".join(problems)

    def check(self, method, path, answer, body=None, kind=""):
        """The status, the content type and the body are ones that the contract names."""
        path, _, query = path.partition("?")
        for _, pattern, item in self.paths:
            if pattern.match(path):
                break
        else:
            return
        operation = item.get(method.lower())
        if operation is None:
            assert answer.status in (405, 404), f"{method} {path} is not in the contract"
            return
        where = f"{method} {path} -> {answer.status}"
        self.seen.setdefault(operation["operationId"], set()).add(answer.status)
        if 200 <= answer.status < 300:
            self.check_request(operation, item.get("parameters", []), where, query, body, kind)
        responses = operation["responses"]
        response = responses.get(str(answer.status), responses.get("default"))
        assert response is not None, f"{where}: the contract does not name this status"
        content = self.resolve(response).get("content")
        if not content:
            assert not answer.body, f"{where}: the contract knows no body: {answer.body[:200]!r}"
            return
        kind = (answer.headers.get("Content-Type") or "").split(";")[0]
        assert kind in content, f"{where}: content type {kind!r}, the contract has {list(content)}"
        schema = content[kind].get("schema")
        if schema and kind.endswith(("/json", "+json")):
            problems = self.errors(schema, answer.json, where)
            assert not problems, "\n".join(problems)


def coverage_write(session):
    """For a pytest_sessionfinish: what this session has seen of the contract, a file for each set of suites."""
    seen = Client.contract.seen if Client.contract else {}
    names = sorted({Path(str(item.fspath)).stem for item in session.items})
    folder = Path(os.environ.get("BUILD", TOP / "build")).absolute() / "contract"
    if not seen or not folder.parent.is_dir():
        return
    folder.mkdir(exist_ok=True)
    (folder / ("+".join(names) + ".json")).write_text(json.dumps(
        {operation: sorted(statuses) for operation, statuses in sorted(seen.items())}))


class Answer:
    def __init__(self, response):
        self.status = response.status
        self.headers = response.headers
        self.body = response.read()

    @property
    def json(self):
        return json.loads(self.body)

    def __repr__(self):
        return f"<{self.status} {self.body[:600]!r}>"

    def ok(self, status=None):
        assert self.status == status if status else 200 <= self.status < 300, repr(self)
        return self

    def problem(self, status, code=None, pointer=None):
        """An RFC 9457 problem, and where in the body it sees it."""
        assert self.status == status, repr(self)
        assert self.headers["Content-Type"] == "application/problem+json", repr(self)
        body = self.json
        assert body["status"] == status and body["title"] and body["code"], repr(self)
        if code:
            codes = [body["code"]] + [error["code"] for error in body.get("errors", [])]
            assert code in codes, repr(self)
        if pointer:
            assert pointer in [error["pointer"] for error in body.get("errors", [])], repr(self)
        return body


class Client:
    contract = None

    def __init__(self, listen, key=None):
        self.listen = listen
        self.key = key
        if Client.contract is None:
            Client.contract = Contract(TOP / "openapi.yaml")

    def request(self, method, path, body=None, headers=None, timeout=30, checked=True):
        host, _, port = self.listen.rpartition(":")
        connection = http.client.HTTPConnection(host, int(port), timeout=timeout)
        headers = dict(headers or {})
        if self.key:
            headers.setdefault("Authorization", f"Bearer {self.key}")
        if body is not None and not isinstance(body, (bytes, str)):
            body = json.dumps(body)
        if body is not None:
            headers.setdefault("Content-Type", "application/json")
        try:
            connection.request(method, path, body, headers)
            answer = Answer(connection.getresponse())
        finally:
            connection.close()
        if checked:
            self.contract.check(method, path, answer, body, headers.get("Content-Type", ""))
        return answer

    def get(self, path, **named):
        return self.request("GET", path, **named)

    def write(self, method, path, body=None, status=None):
        """A write that must succeed and be applied by the worker before anything else happens."""
        answer = self.request(method, path, body, headers={"Prefer": "wait=10"}).ok(status)
        assert answer.headers["Trunkguard-Applied"] == "true", dict(answer.headers)
        return answer

    def post(self, path, body):
        return self.write("POST", path, body, 201).json

    def put(self, path, body):
        return self.write("PUT", path, body).json

    def patch(self, path, body):
        return self.write("PATCH", path, body).json

    def delete(self, path):
        return self.write("DELETE", path)

    def key_for(self, key):
        return Client(self.listen, key)
