"""The image: built twice with the same digest, small, nothing in it but the program and its bill of
materials, and run by podman and runc as Kubernetes would run it."""
import json
import pathlib
import resource
import subprocess
import urllib.request

from clients import free_ports, sign_in
from edge import until

ROOT = pathlib.Path(__file__).parent.parent.parent
NAME = "localhost/hawser-relay:test"
MOST_BYTES = 20 * 1024 * 1024
# Works without kernel support and without a daemon; a cluster uses what it has.
STORAGE = ["--storage-driver", "vfs"]
PODMAN = ["podman", *STORAGE, "--runtime", "runc", "--cgroup-manager", "cgroupfs"]


def ask(*command):
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, f"{command}: {done.stderr}"
    return done.stdout.strip()


def build():
    """The digest."""
    done = subprocess.run(
        [ROOT / "deploy/image/build", "hawser-relay", NAME], stdout=subprocess.PIPE, text=True, check=True,
    )
    digest = done.stdout.strip()
    assert digest.startswith("sha256:"), digest
    return digest


def check_content():
    about = json.loads(ask("buildah", *STORAGE, "inspect", "--type", "image", NAME))["OCIv1"]
    config = about["config"]
    assert config["User"] == "65532:65532", config
    assert config["Entrypoint"] == ["/program"], config
    labels = config["Labels"]
    for label in ("title", "version", "revision", "licenses", "description"):
        assert labels.get(f"org.opencontainers.image.{label}"), label
    container = ask("buildah", *STORAGE, "from", NAME)
    try:
        root = pathlib.Path(ask("buildah", *STORAGE, "mount", container))
        files = {str(path.relative_to(root)): path for path in root.rglob("*") if path.is_file()}
        assert set(files) == {"program", "sbom.cdx.json"}, files
        assert sum(path.stat().st_size for path in files.values()) < MOST_BYTES
        assert files["program"].stat().st_mode & 0o7777 == 0o555
        kind = ask("file", "--brief", str(files["program"]))
        assert "static" in kind, kind
        bom = json.loads(files["sbom.cdx.json"].read_text())
        names = {component["name"] for component in bom["components"]}
        assert {"tokio", "rustls", "ring", "hawser-wire"} <= names, names
        # The promise of docs/security.md, as the bill of materials has it.
        assert not names & {"snow", "p256", "aes-gcm", "minicbor", "hawser-proto"}, names
    finally:
        ask("buildah", *STORAGE, "rm", container)


def check_running():
    clients, admin = free_ports(2)
    # A sandbox may not be allowed to raise what podman raises by default.
    files = min(resource.getrlimit(resource.RLIMIT_NOFILE)[1], 65536)
    limits = [f"--ulimit=nofile={files}:{files}", "--ulimit=nproc=1024:1024"]
    container = ask(
        *PODMAN, "run", "--detach", "--network=host", "--read-only", "--cap-drop=all",
        "--security-opt=no-new-privileges", *limits, NAME,
        f"--listen=127.0.0.1:{clients}", f"--admin=127.0.0.1:{admin}", "--drain-time=5s",
    )
    try:
        def ready():
            try:
                with urllib.request.urlopen(f"http://127.0.0.1:{admin}/readyz", timeout=5) as answer:
                    return answer.status == 200
            except OSError:
                return False

        until("the container is ready", ready)
        process = ask(*PODMAN, "inspect", "--format", "{{.State.Pid}}", container)
        status = dict(
            line.split(":\t", 1) for line in pathlib.Path(f"/proc/{process}/status").read_text().splitlines() if ":\t" in line
        )
        assert status["Uid"].split() == ["65532"] * 4, status["Uid"]
        assert int(status["CapEff"], 16) == 0 and int(status["CapBnd"], 16) == 0, status
        assert status["NoNewPrivs"] == "1", status
        address = ("127.0.0.1", clients)
        for _ in range(10):
            sign_in(address, address)
        ask(*PODMAN, "kill", "--signal=TERM", container)
        assert ask(*PODMAN, "wait", container) == "0"
        logs = subprocess.run([*PODMAN, "logs", container], capture_output=True, text=True, check=True)
        assert "stopped" in logs.stderr, logs.stderr
    finally:
        subprocess.run([*PODMAN, "rm", "--force", container], capture_output=True, check=False)


def run():
    first = build()
    assert build() == first, "the same sources gave two images"
    check_content()
    check_running()
    print(f"{NAME} is {first}")
