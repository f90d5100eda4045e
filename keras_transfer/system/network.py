"""Whether a server answers: asked before a download that would try for minutes."""

import threading

SECONDS = 12.0  # how long a server may take to answer before it counts as out of reach


def find_fault(url: str) -> str:
    """Return why the server of `url` does not answer; "" if it does, whatever it says.

    It is asked in a thread, since looking up a name can hang.
    """
    import urllib.error  # late: with what it needs, these take a tenth of what a --help takes
    import urllib.request

    found: list[str] = []

    def probe() -> None:
        request = urllib.request.Request(url, method="HEAD")
        try:
            urllib.request.urlopen(request, timeout=SECONDS).close()
            found.append("")
        except urllib.error.HTTPError as error:  # "not found" is an answer, too
            error.close()
            found.append("")
        except Exception as error:  # timeouts, refusals by the proxy, answers that are not HTTP
            found.append(str(getattr(error, "reason", error)) or type(error).__name__)

    thread = threading.Thread(target=probe, daemon=True, name="keras_transfer-probe")
    thread.start()
    thread.join(SECONDS)
    return found[0] if found else f"no answer in {SECONDS:g} s"
