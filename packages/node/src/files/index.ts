/** Files over streams (docs/protocols/files.md): send one, get one, serve a directory of them; resumable, hashed. */
export { FILE_NAME_BYTES_MAX, checkedFileName, defaultFileName } from './file-name.ts';
export { getFile } from './get-file.ts';
export type { GetFileOptions } from './get-file.ts';
export { DEFAULT_FILE_LIMITS } from './limits.ts';
export type { FileLimits } from './limits.ts';
export { receiveFiles } from './receive-files.ts';
export type { FileService, ReceiveFilesOptions, StreamHandlers } from './receive-files.ts';
export { resumeTransfer } from './resume-transfer.ts';
export type { ResumeOptions } from './resume-transfer.ts';
export { sendFile } from './send-file.ts';
export type { SendFileOptions } from './send-file.ts';
export { startTransferReport } from './transfer-report.ts';
export type { TransferReport } from './transfer-report.ts';
export type { FileChannel, TransferOptions, TransferOutcome, TransferProgress, TransferResult } from './transfer.ts';
