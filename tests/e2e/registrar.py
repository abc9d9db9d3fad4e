"""A gateway's registrar: a peer that challenges, checks the digest and keeps what was registered."""

from message import token
from peer import challenge_of, credentials


class Registrar:
    """A behaviour for Peer. mood: "answers", "silent", or a status that it refuses with."""

    def __init__(self, username="line1", password="carrier secret", algorithm="MD5", expires=None,
                 extra=(), calls=None):
        self.username = username
        self.password = password
        self.algorithm = algorithm
        self.expires = expires
        self.extra = list(extra)
        self.calls = calls  # the behaviour for what is no REGISTER
        self.mood = "answers"
        self.nonce = token(16)
        self.contacts = {}  # contact URI: its expires
        self.proofs = []  # Authorization values that were right

    def __call__(self, peer, request):
        if request.method == "REGISTER":
            self._register(peer, request)
        elif self.calls:
            self.calls(peer, request)
        elif self.mood != "silent":
            peer.reply(request, 200, "OK")

    def _register(self, peer, request):
        if self.mood == "silent":
            return
        if self.mood != "answers":
            peer.reply(request, self.mood, "Refused", extra=self.extra)
        elif not self._proved(request):
            peer.reply(request, 401, "Unauthorized", extra=[(
                "WWW-Authenticate", f'Digest realm="carrier", nonce="{self.nonce}", qop="auth", '
                f'algorithm={self.algorithm}')])
        else:
            uri = request["Contact"].split("<")[1].split(">")[0]
            expires = int(request["Expires"])
            if expires:
                expires = self.expires or expires
                self.contacts[uri] = expires
            else:
                self.contacts.pop(uri, None)
            peer.reply(request, 200, "OK", extra=[("Expires", str(expires))])

    def _proved(self, request):
        value = request.get("Authorization")
        if not value:
            return False
        given = challenge_of_credentials(value)
        expected = credentials(
            {"realm": "carrier", "nonce": self.nonce, "algorithm": self.algorithm}, "REGISTER",
            request.uri, self.username, self.password, nc=int(given.get("nc", "1"), 16),
            cnonce=given.get("cnonce"))
        right = challenge_of_credentials(expected)["response"] == given["response"]
        if right and given["username"] == self.username:
            self.proofs.append(given)
            return True
        return False


def challenge_of_credentials(value):
    """The parameters of an Authorization header."""
    class Response:
        def all(self, name):
            return [value] if name == "WWW-Authenticate" else []
    return next(iter(challenge_of(Response()).values()))
