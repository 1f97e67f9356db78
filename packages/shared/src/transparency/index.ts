/** Transparency: hashing, signed heads, proofs of the log and of the map, and what builds them over a store. */
export { emptyTreeRoot, leafHash, nodeHash } from './hashing.ts';
export { entryHash } from './directory-record.ts';
export type { DirectoryRecord } from './directory-record.ts';
export { TREE_HEAD_BYTES, decodeTreeHead, encodeTreeHead, verifyTreeHead } from './tree-head.ts';
export type { TreeHead } from './tree-head.ts';
export { decodeInclusion, decodePath, encodeInclusion, encodePath } from './path.ts';
export type { InclusionProof } from './path.ts';
export { verifyConsistency, verifyInclusion } from './verify-path.ts';
export type { ConsistencyClaim, InclusionClaim } from './verify-path.ts';
export { EMPTY_MAP_ROOT, decodeMapProof, encodeMapProof, mapKey, verifyMapProof } from './map-proof.ts';
export type { MapLeaf, MapProof, MapProofResult, MapValue } from './map-proof.ts';
export { runSteps, runStepsAsync } from './steps.ts';
export type { NodeAddress, NodeWrite, Steps } from './steps.ts';
export { appendLeaf, consistencyPath, inclusionPath, treeRoot } from './log-builder.ts';
export { mapProof, mapRoot, putMapValue } from './map-builder.ts';
export type { MapUpdate } from './map-builder.ts';
