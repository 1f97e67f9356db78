/**
 * Where the code of the worker is: beside this file, as source. The build puts the bundled code into the place of this
 * module (tools/src/build/embedded-worker.ts), so that libraries and programs carry it with them.
 */

/** The code itself, or the file that has it. */
export type WorkerSource = { readonly code: string } | { readonly file: URL };

export const messagingWorker: WorkerSource = { file: new URL('./messaging-worker.ts', import.meta.url) };
