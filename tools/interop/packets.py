"""
Packets and payloads: strict msgpack arrays, checked against the field tables of docs/registry.json.

Written from docs/packets/README.md ("Layout", "Fields", "Evolution") and docs/protocols/versions.md §3.
"""

import json
import re
from pathlib import Path

DOCS = Path(__file__).resolve().parents[2] / "docs"
REGISTRY = json.loads((DOCS / "registry.json").read_text())
PACKETS = {packet["id"]: packet for packet in REGISTRY["packets"]}
PACKET_IDS = {packet["name"]: packet["id"] for packet in REGISTRY["packets"]}
PAYLOADS = {payload["carrier"]: payload["fields"] for payload in REGISTRY["payloads"]}
ERROR_ROW = re.compile(r"^\| `(0x[0-9a-f]{4})` *\| `(E_\w+)` *\| \w+ *\| (\d+)", re.MULTILINE)
ERRORS = {name: (int(number, 16), int(exit)) for number, name, exit in ERROR_ROW.findall((DOCS / "errors.md").read_text())}
ERROR_NAMES = {number: name for name, (number, _) in ERRORS.items()}
SINGLE_FORMS = {0xC0: ("nil", None), 0xC2: ("bool", False), 0xC3: ("bool", True)}
WIDE_FORMS = {
    form + power: (kind, 1 << power)
    for form, kind, powers in (
        (0xC4, "bytes", (0, 1, 2)), (0xCC, "uint", (0, 1, 2, 3)), (0xD0, "int", (0, 1, 2, 3)),
        (0xD9, "text", (0, 1, 2)), (0xDB, "list", (1, 2)),
    )
    for power in powers
}  # fmt: skip
UINT_MAX, IGNORED_DEPTH_MAX, IGNORED_VALUES_MAX = 2**53 - 1, 4, 64


class ProtocolError(Exception):
    """A rule was broken or something refused; `code` is a name of docs/errors.md, `by_peer` says that the peer knows."""

    def __init__(self, code, why, by_peer=False):
        super().__init__(why)
        self.code, self.by_peer = code, by_peer


def require(condition, code, why):
    if not condition:
        raise ProtocolError(code, why)


def encode_packet(name, /, **fields):
    """The four bytes of the header and the array; fields left out are nil."""
    packet_id = PACKET_IDS[name]
    body = encode_fields(PACKETS[packet_id]["fields"], fields)
    return bytes([packet_id]) + len(body).to_bytes(3, "big") + body


def decode_packets(plaintext):
    """Yields (name, fields, bytes as they travelled) for each packet of a record."""
    at = 0
    while at < len(plaintext):
        packet_id, end = plaintext[at], at + 4 + int.from_bytes(plaintext[at + 1 : at + 4], "big")
        require(len(plaintext) >= max(end, at + 4), "E_MALFORMED", "a packet longer than its record")
        require(packet_id in PACKETS, "E_UNKNOWN_PACKET", f"packet 0x{packet_id:02X}")
        packet = PACKETS[packet_id]
        require(packet["sender"] != "agent", "E_STATE", f"{packet['name']} from a server")
        yield packet["name"], decode_fields(packet["fields"], plaintext[at + 4 : end]), plaintext[at:end]
        at = end


def encode_fields(table, fields):
    return encode([fields.get(field["name"]) for field in table])


def decode_fields(table, body):
    """The fields of an array by name; what is missing counts as nil, what is behind the last known field is ignored."""
    kind, count, data = decode_head(memoryview(body))
    require(kind == "list", "E_MALFORMED", "not an array")
    require(count <= len(table) + IGNORED_VALUES_MAX, "E_TOO_LARGE", "too many elements")
    values = []
    for index in range(count):
        value, data = decode(data, table[index] if index < len(table) else None)
        values.append(value)
    require(not data, "E_MALFORMED", "bytes after the array")
    require(count_values(values[len(table) :]) <= IGNORED_VALUES_MAX, "E_TOO_LARGE", "too many ignored elements")
    require(all(field.get("optional") for field in table[count:]), "E_MALFORMED", "too few elements")
    values += [None] * (len(table) - count)
    return {field["name"]: value for field, value in zip(table, values)}


def count_values(values):
    return sum(1 + (count_values(value) if isinstance(value, list) else 0) for value in values)


def encode(value):
    """A value in its smallest msgpack form."""
    if value is None or isinstance(value, bool):
        return {None: b"\xc0", False: b"\xc2", True: b"\xc3"}[value]
    if isinstance(value, int):
        return head(value, 0x00, 128, 0xCC)
    if isinstance(value, bytes):
        return head(len(value), None, 0, 0xC4) + value
    if isinstance(value, str):
        return head(len(value.encode()), 0xA0, 32, 0xD9) + value.encode()
    return head(len(value), 0x90, 16, 0xDB) + b"".join(map(encode, value))


def head(number, short_form, short_end, wide_form):
    """A number or length: in the form itself when below `short_end`, else in 1, 2, 4 or 8 bytes after it (arrays: not in 1)."""
    if number < short_end:
        return bytes([short_form + number])
    power = next(power for power in range(4) if number < 1 << (8 << power) and wide_form + power != 0xDB)
    return bytes([wide_form + power]) + number.to_bytes(1 << power, "big")


def decode(data, field, depth=IGNORED_DEPTH_MAX):
    """One value, as `field` of the registry allows it (None: an element that is ignored), and the bytes after it."""
    kind, number, data = decode_head(data)
    if field is None:
        low, high = 0, IGNORED_VALUES_MAX if kind == "list" else UINT_MAX
    elif kind == "nil" and field.get("optional"):
        return None, data
    else:
        require(kind == field["type"], "E_MALFORMED", f"{field.get('name', 'element')} is {kind}, not {field['type']}")
        low, high = field.get("min", 0), field.get("maxCount", field.get("max"))
    if kind in ("nil", "bool"):
        return number, data
    require(number <= high, "E_MALFORMED" if kind == "uint" else "E_TOO_LARGE", "a number too large, or a value too long")
    require(number >= low, "E_MALFORMED", "a number too small, or a value too short")
    if kind == "uint":
        return number, data
    if kind == "list":
        require(depth > 0, "E_TOO_LARGE", "arrays nested too deep")
        values = []
        for _ in range(number):
            value, data = decode(data, field and field["element"], depth - 1)
            values.append(value)
        return values, data
    content, data = take(data, number)
    try:
        return bytes(content) if kind == "bytes" else str(content, "utf-8"), data
    except UnicodeDecodeError as error:
        raise ProtocolError("E_MALFORMED", "text that is not UTF-8") from error


def decode_head(data):
    """Kind, then the value (nil, bool, uint) or the length (bytes, text, list), then the bytes after."""
    head, data = take(data, 1)
    form = head[0]
    if form < 0x80:
        return "uint", form, data
    if form in SINGLE_FORMS:
        return *SINGLE_FORMS[form], data
    if 0x90 <= form <= 0x9F:
        return "list", form - 0x90, data
    if 0xA0 <= form <= 0xBF:
        return "text", form - 0xA0, data
    require(form in WIDE_FORMS, "E_MALFORMED", f"msgpack form 0x{form:02X}")
    kind, size = WIDE_FORMS[form]
    number, data = take(data, size)
    number = int.from_bytes(number, "big", signed=kind == "int")
    require(0 <= number <= UINT_MAX, "E_MALFORMED", "a number out of range")
    return "uint" if kind == "int" else kind, number, data


def take(data, size):
    require(size <= len(data), "E_MALFORMED", "a value ends too early")
    return data[:size], data[size:]
