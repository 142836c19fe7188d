# SPDX-License-Identifier: Apache-2.0
"""A certificate authority for one session of tests."""
import os
import ssl
import subprocess


def _openssl(*args, cwd, environment):
    subprocess.run(["openssl", *args], cwd=cwd, check=True, capture_output=True, env=dict(os.environ, **environment))


class Authority:
    """`addresses` are those that a certificate is good for besides loopback. `environment` may hold a clock that is behind: what is
    issued by it is good on machines whose clocks are behind, too."""

    def __init__(self, folder, addresses=(), environment=None):
        self.folder, self.environment = folder, environment or {}
        self.names = ",".join(["IP:127.0.0.1", "DNS:localhost", *(f"IP:{a}" for a in addresses)])
        self.ca = folder / "ca.pem"
        _openssl("req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes",
                 "-keyout", "ca.key", "-out", "ca.pem", "-days", "2", "-subj", "/CN=Holdfast test CA",
                 "-addext", "basicConstraints=critical,CA:TRUE", cwd=folder, environment=self.environment)
        self.certificate, self.key = self.issue("server")

    def issue(self, name):
        """A certificate, good for a server or a client. Returns its files."""
        extensions = self.folder / f"{name}.ext"
        extensions.write_text(f"subjectAltName={self.names}\nbasicConstraints=CA:FALSE\n")
        _openssl("req", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes",
                 "-keyout", f"{name}.key", "-out", f"{name}.csr", "-subj", f"/CN={name}", cwd=self.folder, environment=self.environment)
        _openssl("x509", "-req", "-in", f"{name}.csr", "-CA", "ca.pem", "-CAkey", "ca.key", "-CAcreateserial",
                 "-out", f"{name}.pem", "-days", "2", "-extfile", extensions.name, cwd=self.folder, environment=self.environment)
        (self.folder / f"{name}.key").chmod(0o600)
        return self.folder / f"{name}.pem", self.folder / f"{name}.key"

    def client(self, certificate=None, key=None):
        context = ssl.create_default_context(cafile=str(self.ca))
        if certificate:
            context.load_cert_chain(certificate, key)
        return context
