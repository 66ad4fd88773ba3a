"""Health checks in bash alone: a request over TCP in the server's own protocol, and a check of the answer.

A check runs every two seconds on Docker and every ten on Kubernetes, also while the load is measured. The clients of these
servers would start a virtual machine each time, which takes a second of a core. Bash takes about 0.1 s of a core.
"""


def probe(port: int, request: bytes, answer: int, pattern: str, host: str = "127.0.0.1") -> tuple[str, ...]:
    """Return a command that succeeds if the first `answer` bytes, in hexadecimal, match `pattern` of grep -E.

    `host` may be a variable of the container's shell, such as `$HOSTNAME`.
    """
    octal = "".join(f"\\{byte:03o}" for byte in request)
    check = f"head -c {answer} <&3 | od -An -v -tx1 | tr -d ' \\n' | grep -Eq '{pattern}'"
    return ("bash", "-c", f"exec 3<>/dev/tcp/{host}/{port} && printf '{octal}' >&3 && {check}")
