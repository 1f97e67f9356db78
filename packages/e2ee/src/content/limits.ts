/** Limits of what is inside a message, named once. */

/** Bytes of the id of a message, of a call, and of a blob. */
export const ID_BYTES = 16;
/** Bytes of one text: as much as its size field can say. */
export const TEXT_BYTES_MAX = 65_535;
/** Bytes of a reaction: emoji of families and flags are long sequences. */
export const REACTION_BYTES_MAX = 64;
/** Messages of one content of receipts. */
export const RECEIPTS_MAX = 256;
/** Bytes of the name of a file, of a media type, of a display name and of a name of a group. */
export const NAME_BYTES_MAX = 255;
/** Bytes of the text under a file, and of what a profile says. */
export const CAPTION_BYTES_MAX = 4_096;
/** Bytes of the small picture of a file. */
export const THUMBNAIL_BYTES_MAX = 16_384;
/** Bytes of the largest file: a blob of 4 GiB holds it, padded and sealed. */
export const ATTACHMENT_BYTES_MAX = 4_227_858_432;
/** Bytes of a session description (RFC 8866) of a call. */
export const SESSION_DESCRIPTION_BYTES_MAX = 32_768;
/** ICE candidates of one content, and bytes of one. */
export const CANDIDATES_MAX = 64;
export const CANDIDATE_BYTES_MAX = 512;
/** Bytes of a signed head of the transparency log. */
export const HEAD_BYTES_MAX = 256;
/** Longest life of an expiring message in seconds: a year. */
export const EXPIRY_SECONDS_MAX = 31_536_000;
/** Bytes of an envelope before padding; padded and sealed it fits Group Send (90,112). */
export const CONTENT_BYTES_MAX = 73_727;
