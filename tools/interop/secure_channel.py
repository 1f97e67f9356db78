"""
The agent's side of a Sealane connection up to plain packets: frames, the handshake under suite 0x02, records, key updates.

Written from docs/protocols/handshake.md ("H") and docs/protocols/records.md ("R"); the clauses are named beside the steps.
"""

import hashlib
import hmac
import os
import struct
import time
from base64 import b64encode

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey, X25519PublicKey
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from packets import ERROR_NAMES, PAYLOADS, ProtocolError, decode_fields, encode_fields, require

PROTOCOL_NAME = b"Noise_XX_25519_AESGCM_SHA256"
WIRE_VERSION, SUITE = 1, 0x02
HANDSHAKE_BODY_MAX, RECORD_BODY_MAX = 4_096, 262_172


def raw(public_key):
    return public_key.public_bytes(Encoding.Raw, PublicFormat.Raw)


def fingerprint(key):
    """Of a static key of 32 bytes (session.md §2.1)."""
    return "SHA256:" + b64encode(hashlib.sha256(key).digest()).decode().rstrip("=")


def x25519(secret_key, public_key):
    """H §3.5.1: `cryptography` refuses a result of zeros, which every point of low order gives."""
    try:
        return secret_key.exchange(X25519PublicKey.from_public_bytes(public_key))
    except ValueError as error:
        raise ProtocolError("E_HANDSHAKE", "point of low order") from error


def hmac_sha256(key, data):
    return hmac.new(key, data, hashlib.sha256).digest()


def hkdf(salt, secret, info, count):
    """`count` outputs of 32 bytes each (RFC 5869)."""
    pseudo_random_key, outputs = hmac_sha256(salt, secret), [b""]
    for index in range(1, count + 1):
        outputs.append(hmac_sha256(pseudo_random_key, outputs[-1] + info + bytes([index])))
    return outputs[1:]


class SymmetricState:
    """h, ck, k and n of H §3.1 to §3.3."""

    def __init__(self):
        self.transcript_hash = self.chaining_key = PROTOCOL_NAME.ljust(32, b"\0")

    def mix_hash(self, data):
        self.transcript_hash = hashlib.sha256(self.transcript_hash + data).digest()

    def mix_key(self, secret):
        self.chaining_key, key = hkdf(self.chaining_key, secret, b"", 2)
        self.cipher, self.counter = AESGCM(key), 0

    def encrypt_and_hash(self, plaintext):
        sealed = self.cipher.encrypt(self._next_nonce(), plaintext, self.transcript_hash)
        self.mix_hash(sealed)
        return sealed

    def decrypt_and_hash(self, sealed):
        try:
            plaintext = self.cipher.decrypt(self._next_nonce(), sealed, self.transcript_hash)
        except InvalidTag as error:
            raise ProtocolError("E_HANDSHAKE", "a tag of 0x02 does not fit") from error
        self.mix_hash(sealed)
        return plaintext

    def _next_nonce(self):
        nonce = struct.pack(">IQ", 0, self.counter)
        self.counter += 1
        return nonce


class Direction:
    """A traffic key and the nonce of the next record under it (R §2)."""

    def __init__(self, key, epoch):
        self.cipher, self.epoch, self.counter = AESGCM(key), epoch, 0

    def next_nonce(self):
        require(self.counter < 2**24, "E_RECORD_LIMIT", "too many records in an epoch")
        nonce = struct.pack(">IQ", self.epoch, self.counter)
        self.counter += 1
        return nonce


class SecureChannel:
    """`connect`, judge `server_key`, `finish`; then `send` and `receive` plaintexts of records."""

    def __init__(self, socket, static_key):
        self.socket, self.static_key = socket, static_key
        self.allow(10, "E_HANDSHAKE_TIMEOUT")  # H §1.4

    def allow(self, seconds, timeout_code):
        """How long the peer may be silent from now on."""
        self.deadline, self.timeout_code = time.monotonic() + seconds, timeout_code

    def connect(self):
        """Sends 0x01 and reads 0x02; returns the server's payload. Afterwards `server_key` is proved, but not judged."""
        ephemeral, token = X25519PrivateKey.generate(), os.urandom(8)
        request = bytes([0x01, WIRE_VERSION, WIRE_VERSION, SUITE, 0, 0, 0]) + raw(ephemeral.public_key()) + token  # H §4
        self._send_frame(request)

        response = self._receive_frame(HANDSHAKE_BODY_MAX)
        if response[0] == 0x04:  # a hint that nobody vouches for, H §7
            require(len(response) == 7, "E_MALFORMED", "0x04 has another length than 7")
            number, retry_after_ms = struct.unpack(">HI", response[1:])
            hint = f"{ERROR_NAMES.get(number, number)}, try again after {min(retry_after_ms, 60_000)} ms"
            raise ProtocolError("E_REJECTED", hint, by_peer=True)
        require(response[0] not in (0x01, 0x03), "E_STATE", "not the packet waited for")
        require(response[0] == 0x02 and len(response) >= 99, "E_MALFORMED", "no 0x02")  # H §5.2
        require(response[1] == WIRE_VERSION, "E_UNSUPPORTED_VERSION", "the server chose a version that was not offered")
        require(response[2] == SUITE, "E_UNSUPPORTED_SUITE", "the server chose a suite that was not offered")

        self.noise = noise = SymmetricState()
        noise.mix_hash(b"sealane/1" + request + response[:3])  # the prologue, H §3.6
        noise.mix_hash(raw(ephemeral.public_key()))
        noise.mix_hash(token)
        self.server_ephemeral = response[3:35]  # message 2, H §10.3
        noise.mix_hash(self.server_ephemeral)
        noise.mix_key(x25519(ephemeral, self.server_ephemeral))
        self.server_key = noise.decrypt_and_hash(response[35:83])
        noise.mix_key(x25519(ephemeral, self.server_key))
        payload = decode_fields(PAYLOADS[2], noise.decrypt_and_hash(response[83:]))
        require(hmac.compare_digest(payload["verified_token"], token), "E_HANDSHAKE", "another verify_token")  # H §5.5
        return payload

    def finish(self, **payload):
        """Sends 0x03, which reveals this agent to `server_key`; from then on bodies are records (H §6, §3.4)."""
        noise = self.noise
        body = b"\x03" + noise.encrypt_and_hash(raw(self.static_key.public_key()))
        noise.mix_key(x25519(self.static_key, self.server_ephemeral))
        body += noise.encrypt_and_hash(encode_fields(PAYLOADS[3], payload))
        self._send_frame(body)
        self.rekey_secret = hmac_sha256(noise.chaining_key, b"sealane rekey\x01")
        self._use_keys(*hkdf(noise.chaining_key, b"", b"", 2), epoch=0)
        del self.noise

    def begin_key_update(self):
        """Returns the number of the new epoch and this side's `key` for 0x07."""
        self.update_key = X25519PrivateKey.generate()
        return self.up.epoch + 1, raw(self.update_key.public_key())

    def finish_key_update(self, server_update_key, packets):
        """H §9.3; `packets` are 0x07 and 0x08 in a row, as they travelled."""
        secrets = (
            x25519(self.update_key, server_update_key)
            + x25519(self.update_key, self.server_key)
            + x25519(self.static_key, server_update_key)
        )
        info = b"sealane rekey" + hashlib.sha256(packets).digest()
        self.rekey_secret, up, down = hkdf(self.rekey_secret, secrets, info, 3)
        self._use_keys(up, down, self.up.epoch + 1)
        del self.update_key

    def send(self, plaintext):
        nonce, length = self.up.next_nonce(), struct.pack(">I", 12 + len(plaintext) + 16)
        self.socket.sendall(length + nonce + self.up.cipher.encrypt(nonce, plaintext, length))  # R §2.1

    def receive(self):
        body = self._receive_frame(RECORD_BODY_MAX)
        nonce, length = self.down.next_nonce(), struct.pack(">I", len(body))
        require(len(body) >= 12 + 1 + 16, "E_MALFORMED", "a record without room for content")  # R §1.4
        require(body[:12] == nonce, "E_DECRYPT", "another nonce than the next one")  # R §3.1
        try:
            return self.down.cipher.decrypt(nonce, body[12:], length)
        except InvalidTag as error:
            raise ProtocolError("E_DECRYPT", "a tag does not fit") from error

    def _use_keys(self, up, down, epoch):
        self.up, self.down = Direction(up, epoch), Direction(down, epoch)

    def _send_frame(self, body):
        self.socket.sendall(struct.pack(">I", len(body)) + body)

    def _receive_frame(self, body_max):
        (length,) = struct.unpack(">I", self._receive_exactly(4))
        require(length > 0, "E_MALFORMED", "a frame of length 0")  # R §1.4
        require(length <= body_max, "E_TOO_LARGE", f"a frame of {length} bytes")
        return self._receive_exactly(length)

    def _receive_exactly(self, size):
        received = b""
        while len(received) < size:
            self.socket.settimeout(max(self.deadline - time.monotonic(), 0.001))
            try:
                chunk = self.socket.recv(size - len(received))
            except TimeoutError as error:
                raise ProtocolError(self.timeout_code, "the peer was silent for too long") from error
            require(chunk, "E_TRUNCATED", "the connection ended without Close or Failure")  # R §7.3
            received += chunk
        return received

