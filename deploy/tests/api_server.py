"""As much of an API server as tells Helm of a StatefulSet that runs already."""
import contextlib
import http.server
import json
import re
import tempfile
import threading

KINDS = {
    "v1": "Service", "apps/v1": "StatefulSet", "networking.k8s.io/v1": "NetworkPolicy",
    "policy/v1": "PodDisruptionBudget", "autoscaling/v2": "HorizontalPodAutoscaler",
}


def answers(replicas):
    """Path to answer."""
    groups = [version for version in KINDS if "/" in version]
    found = {
        "/version": {"major": "1", "minor": "33", "gitVersion": "v1.33.0"},
        "/api": {"kind": "APIVersions", "versions": ["v1"]},
        "/apis": {"kind": "APIGroupList", "groups": [
            {"name": version.split("/")[0], "versions": [{"groupVersion": version, "version": version.split("/")[1]}]}
            for version in groups
        ]},
        "/apis/apps/v1/namespaces/hawser/statefulsets/hawser-relay": {
            "kind": "StatefulSet", "apiVersion": "apps/v1",
            "metadata": {
                "name": "hawser-relay", "namespace": "hawser", "labels": {"app.kubernetes.io/managed-by": "Helm"},
                "annotations": {"meta.helm.sh/release-name": "hawser-relay", "meta.helm.sh/release-namespace": "hawser"},
            },
            "spec": {"replicas": replicas}},
    }
    for version, kind in KINDS.items():
        plural = re.sub("ys$", "ies", kind.lower() + "s")
        found[f"/{'apis' if version in groups else 'api'}/{version}"] = {
            "kind": "APIResourceList", "groupVersion": version,
            "resources": [{"name": plural, "kind": kind, "namespaced": True, "verbs": ["get"]}],
        }
    return found


@contextlib.contextmanager
def running(replicas):
    """The kubeconfig of a cluster in which the StatefulSet has so many instances."""
    known = answers(replicas)

    class Api(http.server.BaseHTTPRequestHandler):
        def do_GET(self):
            answer = known.get(self.path.split("?")[0])
            body = json.dumps(answer or {"kind": "Status", "status": "Failure", "code": 404, "reason": "NotFound"}).encode()
            self.send_response(200 if answer else 404)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_):
            pass

    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Api) as server, tempfile.NamedTemporaryFile("w") as config:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        json.dump({
            "apiVersion": "v1", "kind": "Config", "current-context": "it",
            "clusters": [{"name": "it", "cluster": {"server": f"http://127.0.0.1:{server.server_port}"}}],
            "contexts": [{"name": "it", "context": {"cluster": "it", "user": "it"}}],
            "users": [{"name": "it", "user": {}}],
        }, config)
        config.flush()
        try:
            yield config.name
        finally:
            server.shutdown()
