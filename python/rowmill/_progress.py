"""How far a call is, on one line that is written over: in a terminal and in a notebook."""

import sys


def _has_place():
    if sys.stderr is not None and sys.stderr.isatty():
        return True
    ipython = sys.modules.get("IPython")
    return ipython is not None and type(ipython.get_ipython()).__name__ == "ZMQInteractiveShell"


class Line:
    """A progress callback that writes to standard error."""

    WIDTH = 28

    def __init__(self):
        self._length = 0

    def __call__(self, stage, rows_done, rows, tokens_done, tokens, seconds):
        if stage == "plan":
            text = f"reading: {rows_done} rows"
        else:
            share = min(1.0, tokens_done / tokens if tokens else rows_done / max(rows, 1))
            bar = "=" * int(share * self.WIDTH)
            rate = rows_done / max(seconds, 1e-9)
            text = f"[{bar:<{self.WIDTH}}] {rows_done}/{rows} rows  {rate:.1f} rows/s"
        self._write(text)

    def _write(self, text):
        sys.stderr.write("\r" + text.ljust(self._length))
        sys.stderr.flush()
        self._length = len(text)

    def close(self):
        if self._length:
            self._write("")
            sys.stderr.write("\r")
            sys.stderr.flush()


def callback(progress):
    """The callback for an argument `progress`: "auto", True, False, None or a callable."""
    if callable(progress):
        return progress
    if progress is True or (progress == "auto" and _has_place()):
        return Line()
    return None
