"""What a controller beside a laptop cluster answers on its port."""

from __future__ import annotations

import http.client
import re

from laptop_line import Line


def answer(port: int, path: str) -> tuple[int, str]:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=5)
    connection.request("GET", path)
    response = connection.getresponse()
    text = response.read().decode()
    connection.close()
    return response.status, text


def port_of(line: Line) -> int:
    found = line.until(
        lambda: re.search(r"probes and metrics on port (\d+)", line.log()), "the port"
    )
    return int(found[1])
