"""Kamailio with the rules of bench/kamailio/kamailio.cfg."""

import os
import re
import subprocess

import world
from process import Server

HERE = os.path.dirname(os.path.abspath(__file__))
COLUMNS = "key_name(string) key_type(int) value_type(int) key_value(string) expires(int)\n"
TEXT, NUMBER = 0, 1


def table_write(directory, name, rows):
    """A db_text table that htable loads at the start; a colon parts its fields."""
    def field(value):
        return str(value).replace("\\", "\\\\").replace(":", "\\:")

    with open(os.path.join(directory, name), "w") as file:
        file.write(COLUMNS)
        for key, kind, value in rows:
            file.write("%s:0:%d:%s:0\n" % (field(key), kind, field(value)))


def tables_write(directory):
    os.makedirs(directory, exist_ok=True)
    table_write(directory, "did",
                (("+%d" % number, TEXT, "t%d" % trunk) for number, trunk in world.dids()))
    rows = []
    for trunk, limit in enumerate(world.limits()):
        rows += [("t%d::primary" % trunk, TEXT, world.text(world.PRIMARY)),
                 ("t%d::backup" % trunk, TEXT, world.text(world.BACKUP)),
                 ("t%d::limit" % trunk, NUMBER, limit)]
    table_write(directory, "trunk", rows)
    table_write(directory, "carrier", [(world.CARRIER[0], TEXT, "carrier")])


def version():
    text = subprocess.run(["kamailio", "-v"], capture_output=True, text=True, check=True).stdout
    return re.search(r"kamailio ([0-9.]+)", text).group(1)


class Kamailio(Server):
    name = "kamailio"

    def command(self):
        tables = os.path.join(self.directory, "tables")
        tables_write(tables)
        return ["kamailio", "-DD", "-E", "-f", os.path.join(HERE, "kamailio", "kamailio.cfg"),
                "-l", "udp:" + world.text(world.SERVER), "-A", 'DBURL="text://%s"' % tables,
                "-x", "tlsf", "-X", "tlsf", "-m", "4096", "-M", "32", "-b", "4194304",
                "-Y", self.directory, "-w", self.directory]
