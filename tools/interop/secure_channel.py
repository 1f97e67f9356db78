"""The agent's side of a connection up to the plaintext of records: frames, handshake, records."""

import hmac
import os
import struct
from base64 import b64encode
from hashlib import sha256
from itertools import count

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey, X25519PublicKey
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from packets import ERROR_NAMES, PAYLOADS, decode_fields, encode, failing_as, require

VERSION, SUITE, NOISE_NAME = 1, 0x02, b"Noise_XX_25519_AESGCM_SHA256"
HANDSHAKE_BODY_MAX, RECORD_BODY_MIN, RECORD_BODY_MAX = 4_096, 29, 262_172


def public_key(secret_key):
    """The 32 bytes that travel (H §3.5)."""
    return secret_key.public_key().public_bytes(Encoding.Raw, PublicFormat.Raw)


def x25519(secret_key, peer_key):
    """A shared secret; the library refuses points of low order (H §3.5.1)."""
    with failing_as("E_HANDSHAKE", ValueError, "a point of low order"):
        return secret_key.exchange(X25519PublicKey.from_public_bytes(peer_key))


def two_keys(chaining_key, secret):
    """What MixKey and Split derive (H §3.3, §3.4)."""
    temporary = hmac.digest(chaining_key, secret, "sha256")
    first = hmac.digest(temporary, b"\x01", "sha256")
    return first, hmac.digest(temporary, first + b"\x02", "sha256")


def nonces():
    """Four zero bytes, as in the handshake and in epoch 0, then a count from 0 (H §3.2, R §2.2)."""
    return (struct.pack(">IQ", 0, uses) for uses in count())


class Noise:
    """`h`, `ck`, and `k` and `n` of the last MixKey (H §3.1)."""

    def __init__(self):
        self.hash = self.chaining_key = NOISE_NAME.ljust(32, b"\0")

    def mix_hash(self, data):
        """H §3.2."""
        self.hash = sha256(self.hash + data).digest()

    def mix_key(self, secret):
        """H §3.3."""
        self.chaining_key, key = two_keys(self.chaining_key, secret)
        self.cipher, self.nonces = AESGCM(key), nonces()

    def encrypt(self, plaintext):
        """EncryptAndHash (H §3.2)."""
        sealed = self.cipher.encrypt(next(self.nonces), plaintext, self.hash)
        self.mix_hash(sealed)
        return sealed

    def decrypt(self, sealed):
        """DecryptAndHash (H §3.2, §5.3)."""
        with failing_as("E_HANDSHAKE", InvalidTag, "the handshake was changed on the way"):
            plaintext = self.cipher.decrypt(next(self.nonces), sealed, self.hash)
        self.mix_hash(sealed)
        return plaintext


class SecureChannel:
    """Judge `server_fingerprint`, then `identify`; after that `send` and `receive` packets in records."""

    def __init__(self, connection):
        """Sends 0x01 and reads 0x02: the server has proved its key, but is not judged yet (H §4, §5, §10)."""
        self.write = connection.sendall
        self.read = connection.makefile("rb", buffering=1).read  # reads nothing ahead, for the sake of `select`
        ephemeral, token, noise = X25519PrivateKey.generate(), os.urandom(8), Noise()
        request = bytes([0x01, VERSION, VERSION, SUITE, 0, 0, 0]) + public_key(ephemeral) + token
        self._send_frame(request)
        response = self._receive_frame(HANDSHAKE_BODY_MAX)
        hint = int.from_bytes(response[1:3], "big")  # H §7
        require(response[0] != 0x04, "E_REJECTED", f"the server refused: {ERROR_NAMES.get(hint, hint)}")
        require(response[0] == 0x02 and len(response) >= 99, "E_MALFORMED", "this is no 0x02")  # H §5.2
        require(response[1] == VERSION, "E_UNSUPPORTED_VERSION", "the server chose a version not offered")
        require(response[2] == SUITE, "E_UNSUPPORTED_SUITE", "the server chose a suite not offered")

        prologue, server_ephemeral = b"sealane/1" + request + response[:3], response[3:35]  # H §3.6
        for data in (prologue, public_key(ephemeral), token, server_ephemeral):
            noise.mix_hash(data)
        noise.mix_key(x25519(ephemeral, server_ephemeral))
        server_key = noise.decrypt(response[35:83])
        noise.mix_key(x25519(ephemeral, server_key))
        payload = decode_fields(PAYLOADS[0x02], noise.decrypt(response[83:]))
        is_same_token = hmac.compare_digest(payload["verified_token"], token)
        require(is_same_token, "E_HANDSHAKE", "another verify_token came back")  # H §5.5
        fingerprint = b64encode(sha256(server_key).digest()).decode().rstrip("=")  # S §2.1
        self.server_fingerprint = "SHA256:" + fingerprint
        self.noise, self.server_ephemeral = noise, server_ephemeral

    def identify(self, agent_id, instance, build):
        """Sends 0x03, which tells who this agent is; from then on frames are records (H §6, §3.4)."""
        static_key, no_tokens, no_streams_no_requests = X25519PrivateKey.generate(), [None] * 2, [0] * 4
        body = b"\x03" + self.noise.encrypt(public_key(static_key))
        self.noise.mix_key(x25519(static_key, self.server_ephemeral))
        payload = encode([agent_id, instance, *no_tokens, build, *no_streams_no_requests])
        self._send_frame(body + self.noise.encrypt(payload))
        self.up, self.down = map(AESGCM, two_keys(self.noise.chaining_key, b""))
        self.up_nonces, self.down_nonces = nonces(), nonces()

    def send(self, *packets):
        """One record (R §2.1, §3.4)."""
        plaintext, nonce = b"".join(packets), next(self.up_nonces)
        length = struct.pack(">I", 12 + len(plaintext) + 16)
        self._send_frame(nonce + self.up.encrypt(nonce, plaintext, length))

    def receive(self):
        """The plaintext of the next record, which has the next nonce and no other (R §3)."""
        body, nonce = self._receive_frame(RECORD_BODY_MAX), next(self.down_nonces)
        require(len(body) >= RECORD_BODY_MIN, "E_MALFORMED", "a record without content")  # R §1.4
        require(body[:12] == nonce, "E_DECRYPT", "a record out of its order")
        with failing_as("E_DECRYPT", InvalidTag, "a record was changed on the way"):
            return self.down.decrypt(nonce, body[12:], struct.pack(">I", len(body)))

    def _send_frame(self, body):
        """R §1.1."""
        self.write(struct.pack(">I", len(body)) + body)

    def _receive_frame(self, body_max):
        """Joined, however the network split it (R §1); an end without Close is no end (R §7.3)."""
        length = self.read(4)
        size = int.from_bytes(length, "big")
        require(size > 0 or len(length) < 4, "E_MALFORMED", "an empty frame")
        require(size <= body_max, "E_TOO_LARGE", f"a frame of {size} bytes")
        body = self.read(size)
        require(body and len(body) == size, "E_TRUNCATED", "the connection ended without Close or Failure")
        return body
