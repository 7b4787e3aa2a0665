"""A certificate authority of the run's own, and the kubeconfig of each program."""

from __future__ import annotations

import datetime as dt
import ipaddress
import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

_DAY = dt.timedelta(days=1)


@dataclass(frozen=True, slots=True, kw_only=True)
class Pair:
    """A certificate and its key, as files."""

    certificate: Path
    key: Path


class Authority:
    """Signs what the cluster's programs show to each other."""

    def __init__(self, folder: Path) -> None:
        folder.mkdir()
        self._folder = folder
        self._key = ec.generate_private_key(ec.SECP256R1())
        self._name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "sampledb-e2e")])
        own = self._builder(self._name, self._key.public_key())
        own = own.add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        self.certificate = folder / "ca.crt"
        self.certificate.write_bytes(_pem(own.sign(self._key, hashes.SHA256())))

    def issue(
        self, user: str, *, groups: Sequence[str] = (), addresses: Sequence[str] = ()
    ) -> Pair:
        """A certificate for a user, or for a server when it has addresses (names or IPs)."""
        key = ec.generate_private_key(ec.SECP256R1())
        parts = [x509.NameAttribute(NameOID.ORGANIZATION_NAME, group) for group in groups]
        parts.append(x509.NameAttribute(NameOID.COMMON_NAME, user))
        builder = self._builder(x509.Name(parts), key.public_key()).add_extension(
            x509.ExtendedKeyUsage(
                [ExtendedKeyUsageOID.CLIENT_AUTH, ExtendedKeyUsageOID.SERVER_AUTH]
            ),
            critical=False,
        )
        if addresses:
            names = x509.SubjectAlternativeName([_general(one) for one in addresses])
            builder = builder.add_extension(names, critical=False)
        stem = user.replace(":", "-")
        pair = Pair(certificate=self._folder / f"{stem}.crt", key=self._folder / f"{stem}.key")
        pair.certificate.write_bytes(_pem(builder.sign(self._key, hashes.SHA256())))
        pair.key.write_bytes(_secret(key))
        return pair

    def signing_key(self) -> Path:
        """The key that ServiceAccount tokens are signed with."""
        path = self._folder / "service-accounts.key"
        path.write_bytes(_secret(rsa.generate_private_key(public_exponent=65537, key_size=2048)))
        return path

    def _builder(
        self, subject: x509.Name, key: ec.EllipticCurvePublicKey
    ) -> x509.CertificateBuilder:
        now = dt.datetime.now(dt.UTC)
        return x509.CertificateBuilder(
            issuer_name=self._name,
            subject_name=subject,
            public_key=key,
            serial_number=x509.random_serial_number(),
            not_valid_before=now - _DAY,
            not_valid_after=now + 30 * _DAY,
        )


def _general(address: str) -> x509.GeneralName:
    try:
        return x509.IPAddress(ipaddress.ip_address(address))
    except ValueError:
        return x509.DNSName(address)


def _pem(certificate: x509.Certificate) -> bytes:
    return certificate.public_bytes(serialization.Encoding.PEM)


def _secret(key: ec.EllipticCurvePrivateKey | rsa.RSAPrivateKey) -> bytes:
    return key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.TraditionalOpenSSL,
        serialization.NoEncryption(),
    )


def write_kubeconfig(path: Path, *, url: str, authority: Path, user: Pair | str) -> Path:
    """A kubeconfig for a user with a certificate, or with a token."""
    if isinstance(user, Pair):
        shown = {"client-certificate": str(user.certificate), "client-key": str(user.key)}
    else:
        shown = {"token": user}
    at = {"server": url, "certificate-authority": str(authority)}
    content = {
        "apiVersion": "v1",
        "kind": "Config",
        "current-context": "e2e",
        "contexts": [{"name": "e2e", "context": {"cluster": "e2e", "user": "e2e"}}],
        "clusters": [{"name": "e2e", "cluster": at}],
        "users": [{"name": "e2e", "user": shown}],
    }
    path.write_text(json.dumps(content, indent=1))
    path.chmod(0o600)
    return path
