"""Certificates for a test, made by openssl: a CA and whatever it is asked to sign."""

import subprocess
from pathlib import Path


class Authority:
    def __init__(self, folder, name="Test CA"):
        self.folder = Path(folder)
        self.folder.mkdir(parents=True, exist_ok=True)
        self.key = self.folder / "ca.key"
        self.certificate = self.folder / "ca.pem"
        self._openssl("req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256",
                      "-nodes", "-keyout", self.key, "-out", self.certificate, "-days", "30",
                      "-subj", f"/CN={name}")

    @staticmethod
    def _openssl(*words):
        subprocess.run(["openssl", *map(str, words)], check=True, capture_output=True, timeout=30)

    def issue(self, name, alternatives, days=30, stem=None):
        """(certificate, key) for subjectAltName `alternatives`: "DNS:a.example,IP:127.0.0.1"."""
        stem = stem or name.replace("*", "star")
        key, request, certificate, extensions = (
            self.folder / f"{stem}.{end}" for end in ("key", "csr", "pem", "ext"))
        extensions.write_text(f"subjectAltName={alternatives}\n" if alternatives else "")
        self._openssl("req", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes",
                      "-keyout", key, "-out", request, "-subj", f"/CN={name}")
        self._openssl("x509", "-req", "-in", request, "-CA", self.certificate, "-CAkey", self.key,
                      "-CAcreateserial", "-days", days, "-extfile", extensions,
                      "-out", certificate)
        for path in (key, certificate):
            path.chmod(0o644)
        return certificate, key
