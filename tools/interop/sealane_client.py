"""A small Sealane agent that shares no code with the others: suite 0x02, requests, ping, close."""

import argparse
import json
import os
import socket
import time
from select import select

from packets import ERROR_NAMES, ERROR_NUMBERS, ProtocolError, decode_packets, encode_packet, failing_as, require
from secure_channel import SecureChannel


def report(event, **details):
    """One line for whoever reads stdout."""
    print(json.dumps({"event": event, **details}), flush=True)


class Session:
    """One connection, from the first frame to the orderly end (S §1)."""

    def __init__(self, connection, server_key_pin):
        """Steps 1 to 3. A server with another key than the pinned one learns nothing of this agent (S §2.2)."""
        self.connection, self.channel = connection, SecureChannel(connection)
        self.is_open, self.arrived = False, iter(())
        self.ping_interval_s = self.idle_timeout_s = connection.gettimeout()
        found = self.channel.server_fingerprint
        why = f"the server proved {found}, not {server_key_pin}"
        require(found == server_key_pin, "E_IDENTITY_CHANGED", why)
        agent_id, instance = f"python-{os.urandom(4).hex()}", os.urandom(8).hex()  # S §3.3
        self.channel.identify(agent_id, instance, build="sealane-interop")
        accepted = self.wait_for("Accepted")
        self.is_open, self.idle_timeout_s = True, accepted["idle_timeout_ms"] / 1000
        self.ping_interval_s = min(accepted["ping_interval_ms"] / 1000, self.idle_timeout_s / 2)

    def request_all(self, name, bodies):
        """Sends requests together in one record (R §4.2); yields the last response to each (Q §1, §2)."""
        waiting, fields = dict(enumerate(bodies, start=1)), dict(name=name, content_type="text/plain", timeout_ms=0)
        requests = (encode_packet("Request", request_id=id, body=body, **fields) for id, body in waiting.items())
        self.channel.send(*requests)
        while waiting:
            response = self.wait_for("Response")
            require(response["request_id"] in waiting, "E_STATE", "a response to no request")
            if response["last"]:
                del waiting[response["request_id"]]
                yield response

    def ping(self):
        """The round trip in seconds (S §4.1)."""
        sent_at = time.monotonic()
        self.channel.send(encode_packet("Ping", token=1))
        while self.wait_for("Pong")["token"] != 1:
            continue  # that one answers a ping of `receive`
        return time.monotonic() - sent_at

    def close(self):
        """Nothing follows this side's Close; the server answers with its own (R §7.1)."""
        self.is_open = False
        self.channel.send(encode_packet("Close", code=0))
        self.wait_for("Close")

    def wait_for(self, wanted):
        """The next packet of this name; what may come at any time is dealt with on the way (S §1)."""
        while True:
            for name, fields in self.arrived:
                match wanted, name:
                    case _, "Failure":  # R §7.2
                        self.is_open = False
                        raise ProtocolError(ERROR_NAMES.get(fields["code"], "E_STATE"), "the server gave up")
                    case _ if name == wanted:
                        return fields
                    case ("Close", _) | (_, "Pong" | "Notification" | "Go Away") if wanted != "Accepted":
                        pass  # R §7.1, S §4.1, Q §5.2, S §6.1
                    case _, "Ping" if self.is_open:  # S §4.1
                        self.channel.send(encode_packet("Pong", token=fields["token"]))
                        report("ping-answered")
                    case _, "Close" if self.is_open:  # R §7.1
                        self.channel.send(encode_packet("Close", code=0))
                        raise ProtocolError("E_CLOSED", "the server closed the connection")
                    case _, "Key Update Request":  # R §6.1
                        raise ProtocolError("E_RECORD_LIMIT", "this agent changes no keys")
                    case _:
                        raise ProtocolError("E_STATE", f"{name} instead of {wanted}")
            self.arrived = decode_packets(self.receive())

    def receive(self):
        """The next record. Pings when nothing comes, and gives up when nothing comes for long (S §4)."""
        deadline = time.monotonic() + self.idle_timeout_s
        while not select([self.connection], [], [], self.ping_interval_s)[0]:
            require(time.monotonic() < deadline, "E_IDLE", "no sign of life")
            if self.is_open:
                self.channel.send(encode_packet("Ping", token=0))
        return self.channel.receive()


def run(server, server_key, message, count):
    """Connects, asks, pings, closes; an error that travels is told to the server (S §1.4)."""
    host, _, port = server.rpartition(":")
    with failing_as("E_UNREACHABLE", OSError, f"nobody answers at {server}"):
        connection = socket.create_connection((host.strip("[]"), int(port)), timeout=10)  # H §1.4
    with connection, failing_as("E_TRUNCATED", OSError, "the connection broke"):
        session = Session(connection, server_key)
        report("accepted", fingerprint=session.channel.server_fingerprint)
        try:
            for reply in session.request_all("echo", [message.encode()] * count):
                report("reply", text=reply["body"].decode(), error=ERROR_NAMES.get(reply["code"]))
            report("pong", rtt_ms=round(session.ping() * 1000, 3))
            session.close()
            report("closed")
        except ProtocolError as error:
            if session.is_open and error.args[0] in ERROR_NUMBERS:
                number = ERROR_NUMBERS[error.args[0]]
                session.channel.send(encode_packet("Failure", code=number, retry_after_ms=0))
            raise


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--server", required=True, metavar="HOST:PORT")
    parser.add_argument("--server-key", required=True, metavar="SHA256:…", help="the only key to talk to")
    parser.add_argument("--message", default="hello", help="body of the requests")
    parser.add_argument("--count", default=1, type=int, help="number of requests")
    try:
        run(**vars(parser.parse_args()))
    except ProtocolError as error:
        report("error", code=error.args[0], message=error.args[1])
        raise SystemExit(1) from None
