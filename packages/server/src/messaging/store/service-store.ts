/**
 * ServiceStore: what accounts, groups, key packages, blobs and queues ask of the messaging file. Each name is one step that happens as a
 * whole or not at all, and is answered once a crash cannot undo it.
 */
import {
  ACCOUNT_TABLES,
  addStatements,
  changePassword,
  countAccounts,
  deviceAccount,
  dueFollowUps,
  endAccount,
  findAccount,
  followedUp,
  listUsernames,
  noteSeen,
  rehashPassword,
  setVisibility,
} from './account-tables.ts';
import {
  BLOB_TABLES,
  blobBytes,
  uploadsOf,
  dropBlob,
  expiredBlobs,
  findBlob,
  finishBlob,
  hasContent,
  openBlob,
} from './blob-tables.ts';
import {
  GROUP_TABLES,
  countGroups,
  devicesAround,
  dropDevice,
  queryGroup,
  shareGroup,
  sweepCommits,
  transientReceivers,
} from './group-tables.ts';
import {
  KEY_PACKAGE_TABLES,
  addKeyPackages,
  claimKeyPackages,
  countWaiting,
  dropKeyPackages,
} from './key-package-tables.ts';
import { commitGroup, sendToGroup } from './group-writes.ts';
import { PENDING_TABLES, addPending, listPending, removePending } from './pending-tables.ts';
import {
  SESSION_TABLES,
  closeSessions,
  findSession,
  openSession,
  renewSession,
  sweepSessions,
} from './session-tables.ts';
import { TRANSPARENCY_TABLES, addTokenKey, readNode, tokenKeys, treeSize } from './transparency-tables.ts';
import { WRITE_TABLES } from './write-tables.ts';

/** The tables behind these steps. */
export const SERVICE_TABLES = [
  ACCOUNT_TABLES,
  SESSION_TABLES,
  TRANSPARENCY_TABLES,
  GROUP_TABLES,
  WRITE_TABLES,
  PENDING_TABLES,
  KEY_PACKAGE_TABLES,
  BLOB_TABLES,
].join('\n');

/** The steps, by name. */
export const SERVICE_STEPS = {
  findAccount,
  addStatements,
  dueFollowUps,
  followedUp,
  deviceAccount,
  listUsernames,
  changePassword,
  rehashPassword,
  setVisibility,
  noteSeen,
  endAccount,
  countAccounts,
  openSession,
  findSession,
  renewSession,
  closeSessions,
  sweepSessions,
  treeSize,
  readNode,
  tokenKeys,
  addTokenKey,
  commitGroup,
  sendToGroup,
  transientReceivers,
  queryGroup,
  dropDevice,
  devicesAround,
  shareGroup,
  sweepCommits,
  countGroups,
  addPending,
  listPending,
  removePending,
  addKeyPackages,
  claimKeyPackages,
  countWaiting,
  dropKeyPackages,
  openBlob,
  findBlob,
  finishBlob,
  dropBlob,
  expiredBlobs,
  uploadsOf,
  hasContent,
  blobBytes,
} as const;

export type ServiceSteps = typeof SERVICE_STEPS;
export type ServiceStepName = keyof ServiceSteps;
export type ServiceAsk<Name extends ServiceStepName> = Parameters<ServiceSteps[Name]>[1];
export type ServiceAnswer<Name extends ServiceStepName> = ReturnType<ServiceSteps[Name]>;

export interface ServiceStore {
  /** @throws StorageError `E_STORE_FULL`, `E_STORE_UNAVAILABLE`: nothing happened. */
  ask<Name extends ServiceStepName>(name: Name, ask: ServiceAsk<Name>): Promise<ServiceAnswer<Name>>;
}
