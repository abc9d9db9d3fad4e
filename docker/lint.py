#!/usr/bin/python3
"""Reads docker/ as a container engine would, for machines that have none: lint.py [PROGRAM...]

The Dockerfile: pinned bases, a non-root user, apt used cleanly, every copied file there, and each
library that the given programs are linked with installed in the last stage. The compose file:
known keys, health checks, references that resolve, settings that docs/operations.md knows.
"""

import re
import subprocess
import sys
from pathlib import Path

import yaml

HERE = Path(__file__).resolve().parent
TOP = HERE.parent
INSTRUCTIONS = {
    "FROM", "RUN", "COPY", "ENV", "USER", "VOLUME", "WORKDIR", "CMD", "ENTRYPOINT",
    "STOPSIGNAL", "EXPOSE", "ARG", "LABEL", "HEALTHCHECK",
}
SERVICE_KEYS = {
    "image", "build", "command", "environment", "volumes", "depends_on", "healthcheck", "restart",
    "network_mode", "read_only", "cap_drop", "security_opt", "stop_signal", "stop_grace_period",
}


def instructions(text):
    text = re.sub(r"^\s*#.*\n", "", text, flags=re.M)
    text = re.sub(r"\\\n", " ", text)
    return [line.split(None, 1) for line in text.splitlines() if line.strip()]


def lint_dockerfile(text, programs):
    steps = instructions(text)
    stages = []
    for word, rest in steps:
        if word not in INSTRUCTIONS:
            yield f"unknown instruction {word}"
        elif word == "FROM":
            base = rest.split()[0]
            stages.append([])
            if ":" not in base or base.endswith(":latest"):
                yield f"base {base} has no version"
        elif not stages:
            yield f"{word} before the first FROM"
        if stages:
            stages[-1].append((word, rest))
        if word == "COPY" and "--from=" not in rest:
            for source in rest.split()[:-1]:
                if not (TOP / source).exists():
                    yield f"COPY {source}: no such file"
        if word == "RUN" and "apt-get install" in rest:
            if "--no-install-recommends" not in rest or " -y" not in rest:
                yield "apt-get install without -y --no-install-recommends"
            if "apt-get update" not in rest or "rm -rf /var/lib/apt/lists" not in rest:
                yield "apt-get install without update before and clean-up after it"
    if not stages:
        yield "no FROM"
        return
    last = stages[-1]
    users = [rest for word, rest in last if word == "USER"]
    if not users or users[-1] in ("root", "0"):
        yield "the last stage runs as root"
    words = set(" ".join(rest for word, rest in last if word == "RUN").split())
    for program in programs:
        for package in packages_of(program):
            if package not in words:
                yield f"{Path(program).name} needs {package}, which the last stage does not install"


def packages_of(program):
    """The Debian packages of the libraries that a program names itself, the C library's apart."""
    dump = subprocess.run(["readelf", "-d", program], capture_output=True, text=True, check=True)
    for name in re.findall(r"NEEDED.*\[(.+)\]", dump.stdout):
        found = subprocess.run(["dpkg-query", "-S", f"*/{name}"], capture_output=True, text=True)
        package = found.stdout.split(":")[0]
        if package not in ("libc6", "libgcc-s1", "libasan8", "libubsan1"):
            yield package or f"the package of {name}"


def known_settings():
    text = (TOP / "docs/operations.md").read_text()
    return set(re.findall(r"TRUNKGUARD_[A-Z_]+", text))


def lint_service(name, service, document, settings):
    for key in set(service) - SERVICE_KEYS:
        yield f"{name}: unknown key {key}"
    if "image" not in service and "build" not in service:
        yield f"{name}: neither image nor build"
    if "test" not in service.get("healthcheck", {}):
        yield f"{name}: no health check"
    if name != "postgres" and service.get("cap_drop") != ["ALL"]:
        yield f"{name}: keeps capabilities"
    for other, how in service.get("depends_on", {}).items():
        if other not in document["services"]:
            yield f"{name}: depends on {other}, which is not there"
        elif how.get("condition") != "service_healthy":
            yield f"{name}: does not wait until {other} is healthy"
    for volume in service.get("volumes", []):
        if volume.split(":")[0] not in document.get("volumes", {}):
            yield f"{name}: volume {volume} is not declared"
    for setting in service.get("environment", {}):
        if setting.startswith("TRUNKGUARD_") and setting not in settings:
            yield f"{name}: {setting} is not in docs/operations.md"
    build = service.get("build")
    if build and not (HERE / build["context"] / build["dockerfile"]).exists():
        yield f"{name}: no {build['dockerfile']}"


def lint_compose(text, settings):
    try:
        document = yaml.safe_load(text)
    except yaml.YAMLError as error:
        yield str(error)
        return
    for key in document:
        if key not in ("name", "services", "volumes") and not key.startswith("x-"):
            yield f"unknown key {key}"
    for name in ("postgres", "api", "sip"):
        if name not in document["services"]:
            yield f"no service {name}"
    for name, service in document["services"].items():
        yield from lint_service(name, service, document, settings)


def compose_config():
    """What Docker itself says, where its client is there; it needs no engine for that."""
    try:
        subprocess.run(["docker", "compose", "version"], capture_output=True, check=True)
    except (OSError, subprocess.CalledProcessError):
        return
    asked = subprocess.run(
        ["docker", "compose", "-f", str(HERE / "compose.yaml"), "config", "--quiet"],
        capture_output=True, text=True)
    if asked.returncode != 0:
        yield asked.stderr.strip()


def self_test(dockerfile, compose, settings):
    """A lint that finds nothing is only worth something if it would."""
    spoilt = [
        ("docker", dockerfile.replace("debian:12-slim", "debian")),
        ("docker", dockerfile.replace("USER 10001", "")),
        ("docker", dockerfile.replace("CMD", "COMMAND")),
        ("docker", dockerfile.replace("scripts/packages", "scripts/nothing")),
        ("docker", dockerfile.replace("--no-install-recommends", "")),
        ("compose", compose.replace("sip-data:/var", "other-data:/var")),
        ("compose", compose.replace("TRUNKGUARD_LOG:", "TRUNKGUARD_LOGS:")),
        ("compose", compose.replace("healthcheck:", "health_check:")),
        ("compose", compose.replace("postgres:\n        condition", "database:\n        condition")),
        ("compose", compose + "\n  ["),
    ]
    for kind, text in spoilt:
        found = list(lint_dockerfile(text, []) if kind == "docker" else lint_compose(text, settings))
        if text in (dockerfile, compose) or not found:
            yield f"the lint itself misses a spoilt {kind} file: {spoilt.index((kind, text))}"


def main():
    dockerfile = (HERE / "Dockerfile").read_text()
    compose = (HERE / "compose.yaml").read_text()
    settings = known_settings()
    found = [f"Dockerfile: {what}" for what in lint_dockerfile(dockerfile, sys.argv[1:])]
    found += [f"compose.yaml: {what}" for what in lint_compose(compose, settings)]
    found += [f"compose.yaml: {what}" for what in compose_config()]
    found += self_test(dockerfile, compose, settings)
    print("\n".join(found + [f"docker/: {len(found)} problems"]))
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
