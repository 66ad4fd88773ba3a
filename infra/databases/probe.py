"""Health checks in bash alone: a request over TCP in the server's own protocol, and a look at the answer.

A check runs every two seconds on Docker and every ten on Kubernetes, also while the load is measured. The clients of these
servers start a virtual machine each time, for a second of a core; this takes what it costs to start bash in a container,
some 0.1 s of a core.
"""


def probe(port: int, request: bytes, answer: int, wanted: str, host: str = "127.0.0.1") -> tuple[str, ...]:
    """A command that succeeds when the first `answer` bytes, in hexadecimal, match the pattern `wanted` (of grep -E).

    `host` may be a variable of the container's shell, such as `$HOSTNAME`.
    """
    octal = "".join(f"\\{byte:03o}" for byte in request)
    look = f"head -c {answer} <&3 | od -An -v -tx1 | tr -d ' \\n' | grep -Eq '{wanted}'"
    return ("bash", "-c", f"exec 3<>/dev/tcp/{host}/{port} && printf '{octal}' >&3 && {look}")
