/** What a generator hands back, and the names that generators make out of the titles of specs. */
import type { Field } from '@sealane/shared/packets';

/** One generated file: its path from the root of the workspace and its whole text. */
export interface GeneratedFile {
  readonly path: string;
  readonly text: string;
}

/** `0x0A`: an id as the docs write it. */
export function hexId(id: number): string {
  return `0x${id.toString(16).toUpperCase().padStart(2, '0')}`;
}

/** `Stream Open` → `StreamOpen`. */
export function pascalCase(title: string): string {
  return title.replaceAll(' ', '');
}

/** `Stream Open` → `streamOpen`. */
export function camelCase(title: string): string {
  const name = pascalCase(title);
  return name.charAt(0).toLowerCase() + name.slice(1);
}

/** `Stream Open` → `stream-open`. */
export function kebabCase(title: string): string {
  return title.toLowerCase().replaceAll(' ', '-');
}

/** `requestId` or `Stream Open` → `request_id`, `stream_open`: names as the docs and the wire know them. */
export function snakeCase(name: string): string {
  return name
    .replaceAll(' ', '')
    .replaceAll(/(?<=[a-z0-9])[A-Z]/g, (letter) => `_${letter}`)
    .toLowerCase();
}

/** The field without its `optional` wrapping. */
export function requiredOf(field: Field): Exclude<Field, { kind: 'optional' }> {
  return field.kind === 'optional' ? field.inner : field;
}

/** How many elements the array must have at least: those up to the last field that may not be missing. */
export function requiredCount(fields: readonly Field[]): number {
  return fields.findLastIndex((field) => field.kind !== 'optional') + 1;
}
