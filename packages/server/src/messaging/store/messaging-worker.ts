/**
 * The worker of messaging: the one thread that touches its file. Steps that wait share a transaction. It imports nothing but
 * built-ins and files beside it, so that it runs from source and as one script.
 */
import { closeSync, openSync, rmSync } from 'node:fs';
import { backup, type DatabaseSync } from 'node:sqlite';
import { setTimeout as sleep } from 'node:timers/promises';
import { parentPort } from 'node:worker_threads';
import { faultOf, StoreFault } from '../../store/sqlite/fault.ts';
import { moveInPlace } from '../../store/sqlite/open-file.ts';
import { openMessagingFile } from './messaging-file.ts';
import { StepRunner, type StepReply, type StepRequest } from './step-runner.ts';

/** What is asked beside steps. */
export type FileRequest =
  | { readonly id: number; readonly name: 'open'; readonly ask: string }
  | { readonly id: number; readonly name: 'backup'; readonly ask: string }
  | { readonly id: number; readonly name: 'close'; readonly ask: undefined };

/** Steps of one transaction. */
const STEPS_MAX = 256;
const FILE_MODE = 0o600;
/** Ten seconds of bad luck. */
const BACKUP_ATTEMPTS_MAX = 1_000;
const BACKUP_PAUSE_MS = 10;

let database: DatabaseSync | undefined;
let runner: StepRunner | undefined;
let waiting: StepRequest[] = [];

parentPort?.on('message', (request: StepRequest | FileRequest) => {
  if (request.name === 'open' || request.name === 'backup' || request.name === 'close') {
    runWaiting();
    void onFileRequest(request);
    return;
  }
  // What has arrived by the next turn goes together.
  if (waiting.length === 0) setImmediate(runWaiting);
  waiting.push(request);
  if (waiting.length >= STEPS_MAX) runWaiting();
});

function runWaiting(): void {
  const requests = waiting;
  waiting = [];
  if (requests.length === 0) return;
  const isBroken = runner?.failure !== undefined;
  const gone = { kind: 'failed', message: 'the messaging file is not open' } as const;
  const replies = runner?.run(requests) ?? requests.map(({ id }) => ({ id, fault: gone }));
  for (const reply of replies) send(reply);
  if (!isBroken && runner?.failure !== undefined) send({ id: 0, fault: faultOf(runner.failure) });
}

async function onFileRequest(request: FileRequest): Promise<void> {
  const { id } = request;
  try {
    if (request.name === 'open') {
      database = openMessagingFile(request.ask);
      runner = new StepRunner(database);
    } else if (request.name === 'backup') await copyTo(request.ask);
    else {
      database?.close();
      database = undefined;
      runner = undefined;
    }
    send({ id });
  } catch (error) {
    send({ id, fault: faultOf(error) });
  }
}

/** Steps go on between its pages. */
async function copyTo(destination: string): Promise<void> {
  const temporary = `${destination}.new`;
  for (let attempt = 1; !(await hasCopied(temporary, attempt)); attempt++) await sleep(BACKUP_PAUSE_MS);
  moveInPlace(temporary, destination);
}

/** @returns false where a transaction was under way as it began, and it is to be tried again. */
async function hasCopied(temporary: string, attempt: number): Promise<boolean> {
  if (database === undefined) throw new StoreFault('failed', 'the messaging file is not open');
  rmSync(temporary, { force: true });
  closeSync(openSync(temporary, 'wx', FILE_MODE));
  try {
    await backup(database, temporary);
    return true;
  } catch (error) {
    // Node.js goes on after SQLITE_BUSY, but not at the first page: then it fails with the code of no error.
    if ((error as { readonly errcode?: unknown }).errcode !== 0 || attempt === BACKUP_ATTEMPTS_MAX) throw error;
    return false;
  }
}

function send(reply: StepReply): void {
  parentPort?.postMessage(reply);
}
