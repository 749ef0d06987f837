"""Certificates for tests."""
import subprocess

from clients import HOST


def openssl(*arguments):
    subprocess.run(["openssl", *arguments], capture_output=True, check=True)


def certificates(folder):
    """An authority, and its certificate for the tunnel domain, as Secrets have them."""
    for name in ("ca", "tls"):
        (folder / name).mkdir()
    ca, tls = folder / "ca/ca", folder / "tls/tls"
    key = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes"]
    openssl("req", "-x509", *key, "-subj", "/CN=authority", "-keyout", f"{ca}.key", "-out", f"{ca}.crt")
    openssl("req", *key, "-subj", f"/CN={HOST}", "-keyout", f"{tls}.key", "-out", f"{tls}.csr")
    (folder / "names").write_text(f"subjectAltName=DNS:{HOST}\n")
    openssl(
        "x509", "-req", "-in", f"{tls}.csr", "-CA", f"{ca}.crt", "-CAkey", f"{ca}.key", "-CAcreateserial",
        "-extfile", str(folder / "names"), "-out", f"{tls}.crt",
    )
