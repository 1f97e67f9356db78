/** Keys on disk: identities, their rotation, known servers, and what guards the data directory. */
export { PRIVATE_FILE_MODE, syncDirectory, writeFileAtomic } from './atomic-file.ts';
export { IDENTITY_FILE, createIdentity, idlePassphrase, openIdentity } from './identity-directory.ts';
export type { IdentityOptions } from './identity-directory.ts';
export { createKeyFile, isKeyFileProtected, loadKeyFile, readKeyFileFingerprint } from './key-file.ts';
export type { KeyKind } from './key-file.ts';
export { fileKeyProvider, managedKeyProvider } from './key-provider.ts';
export type { KeyManagementService, KeyProvider } from './key-provider.ts';
export { loadSuccessions, rotateIdentity } from './key-rotation.ts';
export type { Rotation } from './key-rotation.ts';
export { KnownServers } from './known-servers.ts';
export type { KnownServer, Trust } from './known-servers.ts';
export { makeDirectories } from './make-directories.ts';
export { checkPrivateDirectory, openPrivateDirectory } from './private-directory.ts';
export { acquireProcessLock, LOCK_FILE, lockHolder } from './process-lock.ts';
export type { ProcessLock } from './process-lock.ts';
