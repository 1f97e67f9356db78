"""
A small Sealane agent that shares no code with the others: suite 0x02, requests, ping, notification, key update, close.

Written from docs/protocols/session.md ("S"), requests.md ("Q") and records.md ("R"). Prints JSON lines; exits as docs/errors.md says.
"""

import argparse
import json
import os
import select
import socket
import sys
import time

from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey

from packets import ERROR_NAMES, ERRORS, ProtocolError, decode_packets, encode_packet, require
from secure_channel import SUITE, SecureChannel, fingerprint

PING_TOKEN = 1


def report(event, **details):
    print(json.dumps({"event": event, **details}), flush=True)


class Session:
    """One connection after the handshake; every packet that arrives goes through `step`."""

    def __init__(self, channel, accepted, packets):
        self.channel, self.arrived = channel, packets
        self.ping_interval_s, self.idle_timeout_s = accepted["ping_interval_ms"] / 1000, accepted["idle_timeout_ms"] / 1000
        self.next_request_id, self.last_peer_request_id = 1, 0
        self.answers, self.streams_refused = {}, set()
        self.update, self.ping_sent_at, self.closing = None, None, False

    @classmethod
    def open(cls, channel, server_key_pin):
        """The five steps of S §1, up to and including 0x05 Accepted."""
        channel.connect()
        found = fingerprint(channel.server_key)
        require(server_key_pin in (None, found), "E_IDENTITY_CHANGED", f"the server proved {found}")  # S §2, before 0x03
        report("handshake", suite=SUITE, fingerprint=found)
        channel.finish(
            agent_id=f"python-{os.urandom(4).hex()}", instance=os.urandom(8).hex(), build="sealane-interop",
            stream_window_bytes=0, connection_window_bytes=0, streams_max=0, requests_in_flight_max=0,
        )  # fmt: skip
        packets = decode_packets(channel.receive())
        name, accepted, _ = next(packets)
        if name == "Failure":
            raise_failure(accepted)
        require(name == "Accepted", "E_STATE", f"{name} before Accepted")
        report("accepted", agent_id=accepted["agent_id"], session_id=accepted["session_id"].hex())
        return cls(channel, accepted, packets)

    def request(self, name, message):
        """Sends a Request and waits for its last Response (Q §1, §2)."""
        request_id, sent_at = self.next_request_id, time.monotonic()
        self.next_request_id += 1
        self.answers[request_id] = None
        content = {"body": message.encode(), "content_type": "text/plain"}
        self.send("Request", request_id=request_id, name=name, timeout_ms=10_000, **content)
        while self.answers[request_id] is None:
            self.step()
        answer, took_ms = self.answers[request_id], (time.monotonic() - sent_at) * 1000
        require(answer["status"] != 1, ERROR_NAMES.get(answer["code"], "E_HANDLER_FAILED"), "the request failed")
        report("reply", id=request_id, text=answer["body"].decode(), epoch=self.channel.down.epoch, ms=round(took_ms, 3))

    def ping(self):
        self.send_ping()
        while self.ping_sent_at is not None:
            self.step()

    def update_keys(self):
        """Starts a key update and waits until the server has answered under the new keys (R §6)."""
        self.begin_update()
        while self.update is not None or self.ping_sent_at is not None:
            self.step()

    def close(self):
        self.send("Close", code=0)
        self.closing = True
        while self.closing:
            self.step()
        report("closed")

    def send(self, name, /, **fields):
        """Sends one packet as one record. Nothing follows this side's Close (R §7.1)."""
        packet = encode_packet(name, **fields)
        if not self.closing:
            self.channel.send(packet)
        return packet

    def send_ping(self):
        self.ping_sent_at = time.monotonic()
        self.send("Ping", token=PING_TOKEN)

    def begin_update(self):
        epoch, key = self.channel.begin_key_update()
        self.update = self.send("Key Update", epoch=epoch, key=key)

    def step(self):
        """Handles the next packet, or reads the next record; after silence, asks for a sign of life first (S §4)."""
        packet = next(self.arrived, None)
        if packet is None:
            self.channel.allow(self.idle_timeout_s, "E_IDLE")
            while not select.select([self.channel.socket], [], [], self.ping_interval_s)[0]:
                require(time.monotonic() < self.channel.deadline, "E_IDLE", "no packet for the idle timeout")
                self.send_ping()
            self.arrived = decode_packets(self.channel.receive())
            return
        name, fields, travelled = packet
        handler = getattr(self, "on_" + name.lower().replace(" ", "_"), None)
        require(handler is not None, "E_STATE", f"{name} in an open session")
        handler(fields, travelled)

    def on_ping(self, fields, _):
        self.send("Pong", token=fields["token"])

    def on_pong(self, fields, _):
        if self.ping_sent_at is not None and fields["token"] == PING_TOKEN:
            report("pong", rtt_ms=round((time.monotonic() - self.ping_sent_at) * 1000, 3), epoch=self.channel.down.epoch)
            self.ping_sent_at = None

    def on_response(self, fields, _):
        require(fields["request_id"] in self.answers, "E_STATE", "an answer to nothing")
        if fields["last"]:
            self.answers[fields["request_id"]] = fields

    def on_request(self, fields, _):
        """This agent takes no requests (`requests_in_flight_max` is 0), Q §1.2."""
        require(fields["request_id"] > self.last_peer_request_id, "E_STATE", "a request id that does not rise")
        self.last_peer_request_id = fields["request_id"]
        self.send("Response", request_id=fields["request_id"], status=1, last=True, body=b"", code=ERRORS["E_BUSY"][0])

    def on_cancel(self, fields, _):
        require(fields["request_id"] <= self.last_peer_request_id, "E_STATE", "a Cancel of nothing")

    def on_notification(self, fields, _):
        """Names that nobody handles are ignored (Q §5.2)."""

    def on_stream_open(self, fields, _):
        """This agent takes no streams (`streams_max` is 0): streams.md §1."""
        require(fields["stream_id"] % 2 == 0, "E_STATE", "a stream id of this side")
        self.streams_refused.add(fields["stream_id"])
        self.send("Stream Reset", stream_id=fields["stream_id"], code=ERRORS["E_STREAM_LIMIT"][0])

    def on_stream_end(self, fields, _):
        require(fields["stream_id"] in self.streams_refused, "E_STATE", "a stream that was never opened")

    on_stream_close = on_stream_reset = on_stream_end

    def on_stream_data(self, fields, _):
        raise ProtocolError("E_FLOW_CONTROL", "data, though all windows are 0")

    def on_stream_credit(self, fields, _):
        """Of use only to a side that sends on streams."""
        require(fields["bytes"] > 0, "E_FLOW_CONTROL", "credit of nothing")

    def on_key_update_request(self, fields, _):
        if self.update is None and not self.closing:
            self.begin_update()

    def on_key_update_response(self, fields, travelled):
        require(self.update is not None and fields["epoch"] == self.channel.up.epoch + 1, "E_STATE", "an answer to no update")
        require(fields["kem_ciphertext"] is None, "E_MALFORMED", "a KEM field out of place")  # handshake.md §9.2
        require(next(self.arrived, None) is None, "E_STATE", "a packet behind 0x08 in its record")  # R §6.2
        self.channel.finish_key_update(fields["key"], self.update + travelled)
        self.update = None
        report("key-update", epoch=self.channel.up.epoch)
        self.send_ping()  # R §6.3

    def on_go_away(self, fields, _):
        report("go-away", drain_ms=fields["drain_ms"])

    def on_failure(self, fields, _):
        raise_failure(fields)

    def on_close(self, fields, _):
        if not self.closing:
            self.send("Close", code=0)
            raise ProtocolError("E_CLOSED", "the server closed the connection", by_peer=True)
        self.closing = False


def raise_failure(fields):
    code = fields["code"]
    raise ProtocolError(ERROR_NAMES.get(code, "E_STATE"), f"the server ended the connection: 0x{code:04x}", by_peer=True)


def run(arguments):
    host, _, port = arguments.server.rpartition(":")
    channel = None
    try:
        with socket.create_connection((host.strip("[]"), int(port)), timeout=10) as connection:
            channel = SecureChannel(connection, X25519PrivateKey.generate())
            try:
                session = Session.open(channel, arguments.server_key)
                for _ in range(arguments.count):
                    session.request("echo", arguments.message)
                session.ping()
                if arguments.key_update:
                    session.update_keys()
                    for _ in range(arguments.count):
                        session.request("echo", arguments.message)
                session.send("Notification", name="interop", body=b"done", content_type="text/plain")
                report("notified")
                session.close()
            except ProtocolError as error:
                number = ERRORS[error.code][0]
                if not error.by_peer and number < 0x1000 and hasattr(channel, "up"):
                    channel.send(encode_packet("Failure", code=number, retry_after_ms=0))  # S §1.4
                raise
    except ConnectionRefusedError as error:
        raise ProtocolError("E_UNREACHABLE", str(error)) from error
    except OSError as error:
        raise ProtocolError("E_TRUNCATED", str(error)) from error


def main():
    parser = argparse.ArgumentParser(description=__doc__.strip().splitlines()[0])
    parser.add_argument("--server", required=True, metavar="HOST:PORT")
    parser.add_argument("--server-key", metavar="SHA256:…", help="the only fingerprint to go on with")
    parser.add_argument("--message", default="hello")
    parser.add_argument("--count", type=int, default=1)
    parser.add_argument("--key-update", action="store_true", help="change the keys and send everything again under the new ones")
    try:
        run(parser.parse_args())
    except ProtocolError as error:
        report("error", code=error.code, message=str(error))
        return ERRORS[error.code][1]
    return 0


if __name__ == "__main__":
    sys.exit(main())
