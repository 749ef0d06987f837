"""The images: built twice with the same digest, small, nothing in them but a program and its bill of
materials, and run by podman and runc with what the chart says: the relay, and the Job that loads it.

    deploy/tests/run image         as ./test does
    deploy/tests/run image full    builds the relay from a copy in another folder, too
"""
import atexit
import json
import os
import pathlib
import resource
import shutil
import subprocess
import sys
import tempfile
import urllib.request

import helm
from certificates import certificates
from clients import HOST, free_ports, sign_in
from edge import until

FULL = "full" in sys.argv[1:]
ROOT = pathlib.Path(__file__).parent.parent.parent
NAMES = {program: f"localhost/{program}:test" for program in ("hawser-relay", "hawser-loadtest")}
NAME = NAMES["hawser-relay"]
MOST_BYTES = 20 * 1024 * 1024
# Works without kernel support and without a daemon; a cluster uses what it has.
STORAGE = ["--storage-driver", "vfs"]
PODMAN = ["podman", *STORAGE, "--runtime", "runc", "--cgroup-manager", "cgroupfs"]


def ask(*command):
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, f"{command}: {done.stderr}"
    return done.stdout.strip()


def build(program, root=ROOT, **environment):
    """The digest."""
    done = subprocess.run(
        [root / "deploy/image/build", program, NAMES[program]], stdout=subprocess.PIPE, text=True, check=True,
        env=os.environ | environment,
    )
    digest = done.stdout.strip()
    assert digest.startswith("sha256:"), digest
    return digest


def check_elsewhere(digest):
    """The same sources in another folder, compiled anew, are the same image. Takes what is committed."""
    with tempfile.TemporaryDirectory(prefix="elsewhere-") as folder:
        copy = pathlib.Path(folder) / "another name"
        subprocess.run(["git", "clone", "--quiet", ROOT, copy], check=True)
        assert build("hawser-relay", copy, CARGO_TARGET_DIR=f"{folder}/built") == digest, "the folder is in the image"


def check_paths(program):
    """Where it was built is not in it: that would make it another program in another folder."""
    content = program.read_bytes()
    target = os.environ.get("CARGO_TARGET_DIR", ROOT / "target")
    for path in (ROOT, target, os.environ.get("CARGO_HOME", pathlib.Path.home() / ".cargo")):
        assert str(pathlib.Path(path).resolve()).encode() + b"/" not in content, f"{path} is in {program}"
    # The check itself: names of source files are in it, from their new root.
    assert b"/cargo/registry/src" in content


def check_content(name, wanted, unwanted):
    """What the image is made of. The program, copied."""
    about = json.loads(ask("buildah", *STORAGE, "inspect", "--type", "image", name))["OCIv1"]
    config = about["config"]
    assert config["User"] == "65532:65532", config
    assert config["Entrypoint"] == ["/program"], config
    labels = config["Labels"]
    for label in ("title", "version", "revision", "licenses", "description"):
        assert labels.get(f"org.opencontainers.image.{label}"), label
    container = ask("buildah", *STORAGE, "from", name)
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
        assert wanted <= names, names
        assert not names & unwanted, names
        check_paths(files["program"])
        folder = tempfile.mkdtemp()
        atexit.register(shutil.rmtree, folder)
        copy = pathlib.Path(folder) / bom["metadata"]["component"]["name"]
        shutil.copy(files["program"], copy)
        return copy
    finally:
        ask("buildah", *STORAGE, "rm", container)


def confined():
    """What the chart's securityContext says, for podman."""
    # A sandbox may not be allowed to raise what podman raises by default.
    files = min(resource.getrlimit(resource.RLIMIT_NOFILE)[1], 65536)
    limits = [f"--ulimit=nofile={files}:{files}", "--ulimit=nproc=1024:1024"]
    return ["--read-only", "--cap-drop=all", "--security-opt=no-new-privileges", *limits]


def check_running():
    clients, admin = free_ports(2)
    container = ask(
        *PODMAN, "run", "--detach", "--network=host", *confined(), NAME,
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


def check_job():
    """A pod and the Job of the chart, with the arguments and Secrets that it gives them, in a network of
    their own in which the Service has an address. The Job's exit status is its verdict."""
    things = helm.objects(helm.rendered("helm3", [
        # There is no Service that maps another port, and fewer files may be open here than at a node.
        "service.port=8443", "relay.connections=1000", "loadtest.enabled=true", "loadtest.caSecret=ca",
        f"loadtest.args={{--rate=20,--duration=3s,--server-name={HOST}}}",
    ]))
    pod, job = (helm.named(things, kind)["spec"]["template"]["spec"]["containers"][0] for kind in ("StatefulSet", "Job"))
    service = "10.96.0.10"
    with tempfile.TemporaryDirectory() as folder:
        folder = pathlib.Path(folder)
        certificates(folder)
        (folder / "peers").mkdir()
        (folder / "peers/key").write_text("0" * 64)
        (folder / "hosts").write_text(f"{service} hawser-relay.hawser.svc\n")
        for path in [folder, *folder.rglob("*")]:
            path.chmod(0o755 if path.is_dir() else 0o644)
        container = ask(
            *PODMAN, "run", "--detach", "--network=none", "--hostname=hawser-relay-0", *confined(), f"--volume={folder}/tls:/etc/hawser/tls:ro",
            f"--volume={folder}/peers:/etc/hawser/peers:ro", NAME, *pod["args"],
        )
        try:
            process = ask(*PODMAN, "inspect", "--format", "{{.State.Pid}}", container)
            inside = ["nsenter", f"--net=/proc/{process}/ns/net"]
            ask(*inside, "ip", "address", "add", f"{service}/32", "dev", "lo")
            get = f"import urllib.request as r; r.urlopen('http://127.0.0.1:9090{pod['readinessProbe']['httpGet']['path']}')"

            def ready():
                return subprocess.run([*inside, sys.executable, "-c", get], capture_output=True, check=False).returncode == 0

            try:
                until("the pod is ready", ready)
            except AssertionError:
                print(subprocess.run([*PODMAN, "logs", container], capture_output=True, text=True, check=False).stderr)
                raise
            report = ask(
                *PODMAN, "run", "--rm", f"--network=container:{container}", *confined(),
                f"--volume={folder}/ca:/etc/hawser/ca:ro", f"--volume={folder}/hosts:/etc/hosts:ro", NAMES["hawser-loadtest"], *job["args"],
            )
            assert "sign-ins" in report, report
        finally:
            subprocess.run([*PODMAN, "rm", "--force", "--time=0", container], capture_output=True, check=False)


def run():
    """The relay's program, which the checks after this one run."""
    first = build("hawser-relay")
    assert build("hawser-relay") == first, "the same sources gave two images"
    # The promise of docs/security.md, as the bill of materials has it.
    foreign = {"snow", "p256", "aes-gcm", "minicbor", "hawser-proto"}
    program = check_content(NAME, {"tokio", "rustls", "ring", "hawser-wire"}, foreign)
    check_running()
    build("hawser-loadtest")
    check_content(NAMES["hawser-loadtest"], {"tokio", "rustls", "hdrhistogram"}, {"snow", "hawser-proto"})
    check_job()
    if FULL:
        check_elsewhere(first)
    # Or every commit would leave two behind.
    ask("buildah", *STORAGE, "rmi", *NAMES.values())
    print(f"{NAME} is {first}")
    return program
