/** The statements of a log in one column: each behind its size as u32. */
import { ByteWriter } from '@sealane/shared/bytes';

export function packStatements(statements: readonly Uint8Array[]): Uint8Array {
  const writer = new ByteWriter();
  for (const statement of statements) writer.u32(statement.length).bytes(statement);
  return writer.toBytes();
}

/** Undefined for bytes that are not whole statements. */
export function unpackStatements(bytes: Uint8Array): readonly Uint8Array[] | undefined {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  const statements: Uint8Array[] = [];
  for (let at = 0; at < bytes.length;) {
    if (at + 4 > bytes.length) return undefined;
    const end = at + 4 + view.getUint32(at);
    if (end > bytes.length) return undefined;
    statements.push(bytes.slice(at + 4, end));
    at = end;
  }
  return statements;
}
