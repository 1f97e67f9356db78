"""Packets and payloads: msgpack arrays, by the field tables of docs/registry.json."""

import json
from contextlib import contextmanager
from io import BytesIO
from pathlib import Path

REGISTRY = json.loads((Path(__file__).parents[2] / "docs" / "registry.json").read_text())
PACKETS = {packet["id"]: packet for packet in REGISTRY["packets"]}
PACKET_IDS = {packet["name"]: packet["id"] for packet in REGISTRY["packets"]}
PAYLOADS = {payload["carrier"]: payload["fields"] for payload in REGISTRY["payloads"]}
ERROR_NUMBERS = {error["name"]: error["number"] for error in REGISTRY["errors"]}
ERROR_NAMES = {number: name for name, number in ERROR_NUMBERS.items()}

TYPES = {"uint": int, "bool": bool, "bytes": bytes, "text": str, "list": list}
CONSTANTS = {0xC0: None, 0xC2: False, 0xC3: True}
FAMILIES = (  # type, first form, and how many bytes of number follow each form
    *((int, 0x00, [0] * 0x80), (list, 0x90, [0] * 0x10), (str, 0xA0, [0] * 0x20), (bytes, 0xC4, [1, 2, 4])),
    *((int, 0xCC, [1, 2, 4, 8]), (int, 0xD0, [1, 2, 4, 8]), (str, 0xD9, [1, 2, 4]), (list, 0xDC, [2, 4])),
)
FORMS = {
    first + index: (kind, size, 0 if size else index)
    for kind, first, sizes in FAMILIES
    for index, size in enumerate(sizes)
}


class ProtocolError(Exception):
    """Why a connection ends: a name of docs/errors.md, and words for people."""


def require(condition, code, why):
    """Ends the connection where a rule of the documents is broken (S §1.4)."""
    if not condition:
        raise ProtocolError(code, why)


@contextmanager
def failing_as(code, error_type, why):
    """Gives errors of Python and its libraries their name in docs/errors.md (S §1.4)."""
    try:
        yield
    except error_type as error:
        raise ProtocolError(code, why) from error


def encode_packet(packet_name, **fields):
    """The header of four bytes and the array, nil for fields left out (P Layout, Fields)."""
    body = encode([fields.get(field["name"]) for field in PACKETS[PACKET_IDS[packet_name]]["fields"]])
    return bytes([PACKET_IDS[packet_name]]) + len(body).to_bytes(3, "big") + body


def decode_packets(plaintext):
    """Name and fields of each packet of a record (P Layout)."""
    stream = BytesIO(plaintext)
    while header := stream.read(4):
        body = take(stream, int.from_bytes(header[1:], "big"))
        require(header[0] in PACKETS, "E_UNKNOWN_PACKET", f"packet 0x{header[0]:02x}")
        yield PACKETS[header[0]]["name"], decode_fields(PACKETS[header[0]]["fields"], body)


def decode_fields(table, body):
    """Fields by name; missing ones count as nil, those behind the last known one are ignored (V §3.1)."""
    stream = BytesIO(body)
    values = decode(stream)
    require(isinstance(values, list) and not stream.read(), "E_MALFORMED", "not exactly one array")
    values += [None] * (len(table) - len(values))
    for field, value in zip(table, values):
        fits = type(value) is TYPES[field["type"]] or (value is None and field["optional"])
        require(fits, "E_MALFORMED", f"{field['name']} has another type")
    return {field["name"]: value for field, value in zip(table, values)}


def encode(value):
    """A value in its smallest form (P Fields)."""
    match value:
        case None:
            return b"\xc0"
        case int():
            number, content = value, b""
        case list():
            number, content = len(value), b"".join(map(encode, value))
        case _:
            content = value.encode() if isinstance(value, str) else value
            number = len(content)
    for form, (kind, size, inside) in FORMS.items():  # narrow forms first
        if kind is type(value) and 0 <= number - inside < 1 << 8 * size:
            return bytes([form]) + (number - inside).to_bytes(size, "big") + content


def decode(stream, depth=0):
    """The next value, in any form listed and in no other (P Fields, V §3.2)."""
    form = take(stream, 1)[0]
    if form in CONSTANTS:
        return CONSTANTS[form]
    require(form in FORMS, "E_MALFORMED", f"msgpack form 0x{form:02x}")
    kind, size, inside = FORMS[form]
    number = inside + int.from_bytes(take(stream, size), "big", signed=0xD0 <= form <= 0xD3)
    if kind is int:
        require(0 <= number < 2**53, "E_MALFORMED", "a number out of range")
        return number
    if kind is list:
        require(depth <= 4, "E_TOO_LARGE", "arrays nested too deep")
        return [decode(stream, depth + 1) for _ in range(number)]
    content = take(stream, number)
    with failing_as("E_MALFORMED", UnicodeDecodeError, "text that is not UTF-8"):
        return content.decode() if kind is str else content


def take(stream, size):
    """Exactly `size` bytes: nothing ends early (P Layout)."""
    content = stream.read(size)
    require(len(content) == size, "E_MALFORMED", "something ends too early")
    return content
