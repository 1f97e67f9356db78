/**
 * Limits of the wire, named once: the specs, the codecs and every other implementation use these numbers
 * (`docs/packets/README.md`). What one program is willing to hold is a limit of that program and stands elsewhere.
 */

/** Largest integer of any field: 2^53 − 1, the largest that a double holds exactly. */
export const UINT_MAX = 9_007_199_254_740_991;
/** Largest 32-bit value: durations and byte counts. As milliseconds that is 49 days. */
export const UINT32_MAX = 0xffff_ffff;
/** Largest error number that may travel (`docs/errors.md`); those above are local. */
export const ERROR_CODE_MAX = 0x0fff;

/** Bytes of a name of a request or stream. Enough for a reverse-domain name with a path. */
export const NAME_BYTES_MAX = 128;
/** Bytes of an agent id. */
export const AGENT_ID_BYTES_MAX = 64;
/** Bytes of the name of an instance of an agent. */
export const INSTANCE_BYTES_MAX = 64;
/** Bytes of an address such as `agent:ID` or `host:port`. */
export const ADDRESS_BYTES_MAX = 261;
/** Bytes of a content type (RFC 6838 §4.2 allows 127 for each half; 255 holds both and the slash). */
export const CONTENT_TYPE_BYTES_MAX = 255;
/** Bytes of the text that names a build. */
export const BUILD_BYTES_MAX = 64;

/** Bytes of the body of a request or response: three quarters of a record. Larger things are streams. */
export const BODY_BYTES_MAX = 196_608;
/** Bytes of one Stream Data packet: the flush target of a record. */
export const STREAM_DATA_BYTES_MAX = 65_536;
/** Bytes of the metadata of a stream. */
export const STREAM_METADATA_BYTES_MAX = 8_192;

/** Bytes of the body of an event: two fit one record. Larger things are files or streams. */
export const EVENT_BODY_BYTES_MAX = 98_304;
/** Bytes of the id of an event. */
export const EVENT_ID_BYTES_MAX = 128;
/** Bytes of a topic or of a pattern of topics. */
export const TOPIC_BYTES_MAX = 256;
/** Bytes of one level of a topic. */
export const TOPIC_LEVEL_BYTES_MAX = 64;
/** Levels of a topic. */
export const TOPIC_LEVELS_MAX = 16;
/** Bytes of an address of events: `topic:` and a topic, or `agent:` and an id. */
export const EVENT_ADDRESS_BYTES_MAX = 262;
/** Bytes of the name of a queue group. */
export const GROUP_BYTES_MAX = 64;
/** Deliveries of one subscription that may wait for their acks at once, as far as a server grants as many. */
export const WINDOW_EVENTS_MAX = 4_096;
/** Bytes of the bitmap of a cursor: one bit for each event of the largest window. */
export const DONE_BITMAP_BYTES_MAX = 512;
/** Bytes of a lineage: 128 bits, so that two never meet. */
export const LINEAGE_BYTES = 16;
/** Bytes of the name of an outbox: base64url of 96 random bits. */
export const PRODUCER_ID_BYTES = 16;
/** Largest number of a reason for skipped sequences; a reader takes those that it does not know too. */
export const SKIP_REASON_MAX = 255;
/** Bytes of the text that says why a delivery failed. */
export const NACK_REASON_BYTES_MAX = 256;

/** Bytes of the name of an account. */
export const USERNAME_BYTES_MAX = 32;
/** Bytes of a password: longer ones would only cost time to hash. */
export const PASSWORD_BYTES_MAX = 1_024;
/** Bytes of one signed statement of an account. */
export const STATEMENT_BYTES_MAX = 1_024;
/** Statements of one packet: with their proofs they fit a record. */
export const STATEMENTS_PER_PACKET_MAX = 64;
/** Devices that an account may list at once. */
export const DEVICES_PER_ACCOUNT_MAX = 16;
/** Bytes of a challenge: 256 bits, so that two never meet. */
export const CHALLENGE_BYTES = 32;
/** Bytes of an Ed25519 signature (RFC 8032). */
export const SIGNATURE_BYTES = 64;
/** Bytes of a SHA-256 hash. */
export const HASH_BYTES = 32;
/** Bytes of a token of a session. */
export const SESSION_TOKEN_BYTES_MAX = 1_024;
/** Names of one page of the directory. */
export const DIRECTORY_PAGE_MAX = 200;
/** Bytes of the signed head of the transparency log. */
export const TREE_HEAD_BYTES_MAX = 256;
/** Bytes of a proof of the transparency log: 64 levels on both sides. */
export const TREE_PROOF_BYTES_MAX = 4_096;
/** Bytes of a proof of the map: 256 levels and which of them are there. */
export const MAP_PROOF_BYTES_MAX = 8_256;
/** Bytes of a key package: X-Wing takes 2,690. */
export const KEY_PACKAGE_BYTES_MAX = 8_192;
/** Key packages of one packet. */
export const KEY_PACKAGES_PER_PACKET_MAX = 20;
/** Bytes of the id of a group: 128 random bits. */
export const GROUP_ID_BYTES = 16;
/** Bytes of the id of a message: 128 random bits. */
export const MESSAGE_ID_BYTES = 16;
/** Bytes of the id of a blob: 128 random bits, which are all that opens it for reading. */
export const BLOB_ID_BYTES = 16;
/** Bytes of the id of a link. */
export const LINK_ID_BYTES = 16;
/** Bytes of what is sealed for a device that is being linked. */
export const LINK_BODY_BYTES_MAX = 8_192;
/** Bytes of a commit or of a Welcome inside its packet; larger ones are blobs. */
export const INLINE_BYTES_MAX = 65_536;
/** Bytes of a sealed message: with its envelope it is one event. */
export const MESSAGE_BODY_BYTES_MAX = 90_112;
/** Devices that one commit may add or remove. */
export const DEVICES_PER_COMMIT_MAX = 512;
/** Devices of a group. */
export const DEVICES_PER_GROUP_MAX = 2_048;
/** Epochs of a group before the present one in which messages are taken, and whose messages members can still read. */
export const EPOCHS_BEHIND_MAX = 4;
/** Commits of one answer. */
export const COMMITS_PER_PACKET_MAX = 64;
/** Bytes of a blob: 4 GiB. */
export const BLOB_BYTES_MAX = 4_294_967_296;
/** Bytes of one part of a blob. */
export const BLOB_PART_BYTES_MAX = 65_536;

/** Bytes of a session id: 128 bits, so that two never meet. */
export const SESSION_ID_BYTES = 16;
/** Bytes of a resume token. */
export const RESUME_TOKEN_BYTES_MAX = 512;
/** Bytes of an enrolment token: it fits the handshake's 4 KiB beside everything else. */
export const ENROLMENT_TOKEN_BYTES_MAX = 1_024;
/** Bytes of one key succession document. */
export const SUCCESSION_BYTES_MAX = 512;
/** Key succession documents in one handshake: four rotations may lie between two visits of an agent. */
export const SUCCESSIONS_MAX = 4;
/** Bytes of the token that the agent sends in 0x01 and the server returns sealed. */
export const VERIFY_TOKEN_BYTES = 8;

/** Bytes of an X25519 public key (RFC 7748). */
export const X25519_KEY_BYTES = 32;
/** Bytes of an ML-KEM-768 encapsulation key (FIPS 203 §8). */
export const KEM_KEY_BYTES = 1_184;
/** Bytes of an ML-KEM-768 ciphertext (FIPS 203 §8). */
export const KEM_CIPHERTEXT_BYTES = 1_088;
/** Bytes of an AES-256-GCM tag. */
export const TAG_BYTES = 16;

/** Bytes of the header of every packet: id and length. */
export const PACKET_HEADER_BYTES = 4;
/** How deep arrays may nest in elements that this version does not know and skips. */
export const SKIPPED_DEPTH_MAX = 4;
/** How many elements that this version does not know one packet may hold, nested ones included. */
export const SKIPPED_ELEMENTS_MAX = 64;

/** How deep arrays and maps of an application value may nest. */
export const VALUE_DEPTH_MAX = 32;
/** How many array elements and map entries one application value may have, all levels together. */
export const VALUE_ELEMENTS_MAX = 10_000;
