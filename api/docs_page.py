#!/usr/bin/python3
"""Makes the readable page of the contract: docs_page.py OPENAPI.yaml PAGE.html"""

import html
import sys

import yaml

with open(sys.argv[1]) as source:
    contract = yaml.safe_load(source)
title = html.escape(contract["info"]["title"])
with open(sys.argv[2], "w") as page:
    page.write(f"<!DOCTYPE html><html lang=\"en\"><title>{title}</title><h1>{title}</h1></html>\n")
