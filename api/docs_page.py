#!/usr/bin/python3
"""Makes the readable page of the contract: docs_page.py OPENAPI.yaml PAGE.html

One page that needs nothing from outside and no script. Every error code is an anchor, so that the
`type` of a problem (/docs#not_e164) leads to its line."""

import html
import json
import re
import sys

import yaml

STYLE = """
:root { color-scheme: light dark; --line: #8884; --soft: #8882; }
body { font: 16px/1.5 system-ui, sans-serif; margin: 0 auto; max-width: 62rem; padding: 1rem 1.5rem 4rem; }
code, pre { font: 14px/1.45 ui-monospace, monospace; } code { overflow-wrap: break-word; }
pre { background: var(--soft); padding: .7rem 1rem; overflow-x: auto; border-radius: .4rem; }
h1 { margin-bottom: 0; } h2 { margin-top: 3rem; border-bottom: 2px solid var(--line); }
h3 { margin-top: 2rem; font-size: 1rem; } .verb { display: inline-block; min-width: 4.2rem; padding-right: .5rem; font-weight: 700; }
table { border-collapse: collapse; width: 100%; } td, th { text-align: left; vertical-align: top;
padding: .25rem .8rem .25rem 0; border-bottom: 1px solid var(--line); }
nav { display: flex; flex-wrap: wrap; gap: 0 1rem; }
@media (max-width: 48rem) { table { display: block; overflow-x: auto; } h3 code { overflow-wrap: anywhere; } }
details { margin: .4rem 0; } summary { cursor: pointer; } :target { outline: 2px solid; }
"""
VERBS = ("get", "post", "put", "patch", "delete")


def text(value):
    """Escaped, with `code`, *emphasis* and **strength**."""
    out = html.escape(str(value), quote=False)
    out = re.sub(r"`([^`]+)`", r"<code>\1</code>", out)
    out = re.sub(r"\*\*([^*]+)\*\*", r"<strong>\1</strong>", out)
    return re.sub(r"(?<!\*)\*([^*\s][^*]*)\*", r"<em>\1</em>", out)


def paragraphs(value):
    return "".join(f"<p>{text(' '.join(p.split()))}</p>" for p in value.split("\n\n") if p.strip())


class Page:
    def __init__(self, contract):
        self.contract = contract
        self.out = []

    def write(self, *pieces):
        self.out.extend(pieces)

    def resolve(self, thing):
        while "$ref" in thing:
            node = self.contract
            for key in thing["$ref"].lstrip("#/").split("/"):
                node = node[key]
            thing = node
        return thing

    # -- schemas ------------------------------------------------------------------------------

    def kind(self, schema):
        """A schema in a few words."""
        if "$ref" in schema:
            name = schema["$ref"].rsplit("/", 1)[1]
            return f'<a href="#schema-{name}">{name}</a>'
        for word in ("oneOf", "allOf", "anyOf"):
            if word in schema:
                return " or ".join(self.kind(part) for part in schema[word])
        kind = schema.get("type", "any")
        kind = " or ".join(kind) if isinstance(kind, list) else kind
        if "items" in schema:
            kind += " of " + self.kind(schema["items"])
        if "enum" in schema:
            kind = " ".join(f"<code>{html.escape(json.dumps(word))}</code>" for word in schema["enum"])
        return kind

    @staticmethod
    def bounds(schema):
        parts = []
        for low, high, what in (("minimum", "maximum", ""), ("minLength", "maxLength", " characters"),
                                ("minItems", "maxItems", " items")):
            if low in schema and high in schema:
                parts.append(f"{schema[low]} to {schema[high]}{what}")
            elif high in schema:
                parts.append(f"at most {schema[high]}{what}")
        if "pattern" in schema:
            parts.append(f"<code>{html.escape(schema['pattern'])}</code>")
        if "default" in schema:
            parts.append(f"default <code>{html.escape(json.dumps(schema['default']))}</code>")
        return ", ".join(parts)

    def properties(self, schema):
        required = schema.get("required", [])
        closed = schema.get("additionalProperties") is False
        self.write("<table><tbody>")
        for name, field in schema.get("properties", {}).items():
            needed = " <strong>required</strong>" if closed and name in required else ""
            notes = " ".join(filter(None, (self.bounds(field), text(field.get("description", "")))))
            self.write(f"<tr><td><code>{name}</code>{needed}</td><td>{self.kind(field)}</td>"
                       f"<td>{notes}</td></tr>")
        self.write("</tbody></table>")

    def schema(self, name, schema):
        self.write(f'<h3 id="schema-{name}">{name}</h3>')
        if "description" in schema:
            self.write(paragraphs(schema["description"]))
        if name == "ErrorCode":
            self.write("<table><tbody>")
            for code in schema["oneOf"]:
                self.write(f'<tr id="{code["const"]}"><td><code>{code["const"]}</code></td>'
                           f'<td>{text(code["description"])}</td></tr>')
            self.write("</tbody></table>")
        elif "properties" in schema:
            self.properties(schema)
        else:
            self.write(f"<p>{self.kind(schema)} {self.bounds(schema)}</p>")
        for example in schema.get("examples", []):
            self.example(example)

    def example(self, value):
        shown = html.escape(json.dumps(value, indent=2, ensure_ascii=False))
        self.write(f"<details><summary>Example</summary><pre>{shown}</pre></details>")

    # -- operations ---------------------------------------------------------------------------

    def parameters(self, parameters):
        if not parameters:
            return
        self.write("<table><tbody>")
        for parameter in map(self.resolve, parameters):
            schema = parameter["schema"]
            self.write(f"<tr><td><code>{parameter['name']}</code></td><td>{parameter['in']}</td>"
                       f"<td>{self.kind(schema)} {self.bounds(schema)}</td>"
                       f"<td>{text(parameter.get('description', ''))}</td></tr>")
        self.write("</tbody></table>")

    def body(self, operation):
        content = operation.get("requestBody", {}).get("content", {})
        for media in content.values():
            self.write(f"<p>Body: {self.kind(media['schema'])}, as {' or '.join(f'<code>{c}</code>' for c in content)}.</p>")
            if "example" in media:
                self.example(media["example"])
            return

    def responses(self, operation):
        self.write("<table><tbody>")
        for status, response in operation["responses"].items():
            response = self.resolve(response)
            kinds = " ".join(self.kind(media["schema"]) for media in response.get("content", {}).values())
            self.write(f"<tr><td><code>{status}</code></td><td>{text(response['description'])}</td>"
                       f"<td>{kinds}</td></tr>")
        self.write("</tbody></table>")

    def operation(self, path, verb, operation, common):
        self.write(f'<h3 id="{operation["operationId"]}"><span class="verb">{verb.upper()}</span>'
                   f"<code>{html.escape(path)}</code></h3><p>{text(operation['summary'])}.</p>"
                   .replace("?.</p>", "?</p>"))
        self.write(paragraphs(operation.get("description", "")))
        self.parameters(common + operation.get("parameters", []))
        self.body(operation)
        self.write("<details><summary>Answers</summary>")
        self.responses(operation)
        self.write("</details>")

    def tag(self, tag):
        self.write(f'<h2 id="tag-{tag["name"]}">{tag["name"]}</h2>', paragraphs(tag["description"]))
        for path, item in self.contract["paths"].items():
            for verb in VERBS:
                if verb in item and tag["name"] in item[verb]["tags"]:
                    self.operation(path, verb, item[verb], item.get("parameters", []))

    def make(self):
        info = self.contract["info"]
        title = html.escape(info["title"])
        self.write(f'<!DOCTYPE html><html lang="en"><head><meta charset="utf-8"><title>{title}</title>'
                   '<meta name="viewport" content="width=device-width">'
                   f"<style>{STYLE}</style></head><body><h1>{title} {html.escape(info['version'])}</h1>")
        self.write(f"<p>{text(info['summary'])}</p>", paragraphs(info["description"]), "<nav>")
        for tag in self.contract["tags"]:
            self.write(f'<a href="#tag-{tag["name"]}">{tag["name"]}</a>')
        self.write('<a href="#schemas">schemas</a><a href="#schema-ErrorCode">error codes</a>'
                   '<a href="/openapi.yaml">openapi.yaml</a></nav>')
        for tag in self.contract["tags"]:
            self.tag(tag)
        self.write('<h2 id="schemas">schemas</h2>')
        for name, schema in self.contract["components"]["schemas"].items():
            self.schema(name, schema)
        self.write("</body></html>\n")
        return "".join(self.out)


if __name__ == "__main__":
    with open(sys.argv[1], encoding="utf-8") as source:
        page = Page(yaml.safe_load(source)).make()
    with open(sys.argv[2], "w", encoding="utf-8") as target:
        target.write(page)
