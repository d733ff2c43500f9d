"""Certificates for tests of TLS."""

from dataclasses import dataclass
from pathlib import Path

import trustme


@dataclass(frozen=True)
class Authority:
    """A CA that issues certificates as files."""

    folder: Path
    ca: trustme.CA

    @classmethod
    def make(cls, folder: Path) -> "Authority":
        folder.mkdir()
        authority = cls(folder, trustme.CA())
        authority.ca.cert_pem.write_to_path(authority.ca_file)
        return authority

    @property
    def ca_file(self) -> Path:
        return self.folder / "ca.pem"

    def issue(self, name: str) -> tuple[Path, Path]:
        """Issues a certificate for `name`. Returns its file and that of its key."""
        cert, key = self.folder / f"{name}.pem", self.folder / f"{name}.key"
        made = self.ca.issue_cert(name)
        cert.write_bytes(b"".join(part.bytes() for part in made.cert_chain_pems))
        made.private_key_pem.write_to_path(key)
        return cert, key


def of_server(ours: Authority, name: str = "127.0.0.1") -> list[str]:
    """Returns the options of a server with TLS."""
    cert, key = ours.issue(name)
    return ["--tls-cert", str(cert), "--tls-key", str(key)]
