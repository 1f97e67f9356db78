import { fromHex } from '@sealane/shared/bytes';
export interface Item {
  readonly kind: string;
  readonly epoch: number;
  readonly sequence: number;
  readonly body: Uint8Array | undefined;
}
export function decodeItem(bytes: Uint8Array): Item {
  const [kind, epoch, sequence, , body] = JSON.parse(new TextDecoder().decode(bytes)) as [
    string,
    number,
    number,
    number,
    string | null,
  ];
  return { kind, epoch, sequence, body: body === null ? undefined : fromHex(body) };
}
