"""One customer and the network around it, provisioned over the API, with peers that end with the
test. Every number and prefix is new, so tests share a stack without seeing one another."""

import itertools

from peer import Peer
from sipp import BACKUP, CARRIER, GATEWAY, PBX, Sipp

_serial = itertools.count(1)


class World:
    def __init__(self, stack, folder):
        self.stack = stack
        self.api = stack.client
        self.folder = folder
        self.serial = next(_serial)
        self.numbers = itertools.count(1)
        self.prefix = f"+1415{self.serial:03d}"
        self.far_prefix = f"+4930{self.serial:03d}"
        self.peers = []
        self.made = []
        self.plans = []
        self.forwarded = set()
        self.account = self._make("/v1/accounts", {"name": f"Customer {self.serial}"})
        self._carrier_is_known()

    def _carrier_is_known(self):
        """The carrier is a gateway of the operator's; one for the whole stack."""
        for gateway in self.api.get("/v1/gateways").ok().json["data"]:
            if CARRIER in gateway["inbound_ip_addresses"]:
                return
        self.api.post("/v1/gateways", {
            "name": "carrier", "address": {"host": CARRIER, "port": 5060, "transport": "udp"},
            "prefixes": ["+999"], "priority": 100, "inbound_ip_addresses": [CARRIER]})

    def _make(self, path, body):
        made = self.api.post(path, body)
        self.made.append(f"{path}/{made.get('id') or made['number']}")
        return made

    # -- provisioning -------------------------------------------------------------------------

    def trunk(self, pbx=None, registration=None, **fields):
        """A trunk whose primary SIP account is an address (IP mode) or a (username, password)."""
        body = {"account_id": self.account["id"], "name": f"trunk {next(self.numbers)}",
                "max_concurrent_calls": 10, "first_response_seconds": 2, **fields}
        trunk = self._make("/v1/trunks", body)
        if registration:
            primary = {"auth_mode": "registration", "username": registration[0],
                       "password": registration[1]}
        else:
            primary = {"auth_mode": "ip", "ip_addresses": [pbx["host"]], "address": pbx}
        self.api.put(f"/v1/trunks/{trunk['id']}/sip-accounts/primary", primary)
        return trunk

    def did(self, trunk, **fields):
        """On a trunk; None: with a dial_plan_id, or nowhere."""
        number = f"{self.prefix}{next(self.numbers):04d}"
        if trunk:
            fields["trunk_id"] = trunk["id"]
        self._make("/v1/dids", {"number": number, "account_id": self.account["id"], **fields})
        return number

    def dial_plan(self, *steps, **fields):
        serial = next(self.numbers)
        plan = self.api.post("/v1/dial-plans", {
            "account_id": self.account["id"], "name": f"plan {serial}",
            "internal_number": f"{800 + serial}", "steps": list(steps), **fields})
        self.plans.append(plan["id"])
        return plan

    def trunk_failover(self, trunk, plan, enabled=True, **fields):
        return self.api.put(f"/v1/trunks/{trunk['id']}/failover", {
            "enabled": enabled, "dial_plan_id": plan["id"], **fields})

    def forward(self, number, *forwardings):
        self.forwarded.add(number)
        return self.api.put(f"/v1/dids/{number}/forwardings", {"forwardings": list(forwardings)})

    def far_number(self):
        """A number of nobody here: calls to it leave through this test's gateway."""
        return f"{self.far_prefix}{next(self.numbers):05d}"

    def gateway(self, address, **fields):
        """The way out for this test's far numbers."""
        return self._make("/v1/gateways", {
            "name": f"gateway {self.serial}-{next(self.numbers)}", "address": address,
            "prefixes": [self.far_prefix], "priority": 1, **fields})

    def did_failover(self, did, **fields):
        return self.api.put(f"/v1/dids/{did}/failover", fields)

    def global_failover(self, **fields):
        return self.api.put(f"/v1/accounts/{self.account['id']}/failover", fields)

    # -- peers --------------------------------------------------------------------------------

    def _keep(self, peer):
        self.peers.append(peer)
        return peer

    def sipp(self, scenario, ip, **named):
        return self._keep(Sipp(self.folder, scenario, ip, **named))

    def pbx(self, scenario="answer", **named):
        return self.sipp(scenario, PBX, **named)

    def backup(self, scenario="answer", **named):
        return self.sipp(scenario, BACKUP, **named)

    def outbound(self, scenario="answer", **named):
        return self.sipp(scenario, GATEWAY, **named)

    def peer(self, ip, behaviour=None, port=0):
        return self._keep(Peer(ip, behaviour, port))

    def start_call(self, number, scenario="carrier", **named):
        return self.sipp(scenario, CARRIER, remote=self.stack.sip_remote, number=number, **named)

    def call(self, number, scenario="carrier", **named):
        """A whole call by SIPp from the carrier, to its end."""
        return self.start_call(number, scenario, **named).wait()

    def close(self):
        for peer in self.peers:
            peer.close() if isinstance(peer, Peer) else peer.stop()

    def clear(self):
        """Nothing is left for the next test: its targets are probed no more. First what leads from
        one thing to another."""
        for number in self.forwarded:
            self.api.request("DELETE", f"/v1/dids/{number}/forwardings").ok()
        for plan in self.plans:
            self.api.patch(f"/v1/dial-plans/{plan}", {"steps": []})
        self.made[1:1] = [f"/v1/dial-plans/{plan}" for plan in self.plans]
        for path in reversed(self.made):
            self.api.request("DELETE", path).ok()

    # -- looking ------------------------------------------------------------------------------

    def status(self, trunk):
        return self.api.get(f"/v1/trunks/{trunk['id']}/status").ok().json

    def calls_up(self, trunk):
        return self.status(trunk)["calls_up"]

    def cdrs(self, number):
        return self.api.get(f"/v1/cdrs?did={number[1:]}").ok().json["data"]
