/** Settings as shown to people and machines: the rows of `config show --origin`, and the JSON Schema of the file. */
import type { ResolvedSettings } from './resolve.ts';
import { camelCase, environmentName, type Application, type Declarations } from './setting.ts';

/** One setting with its value as it may be shown. */
export interface SettingRow {
  readonly name: string;
  /** The value, `[redacted]` for a secret, null where there is none. */
  readonly value: string | null;
  readonly origin: string;
  readonly detail: string;
}

/** Rows in the order of declaration. Secrets are never shown. */
export function settingRows<D extends Declarations>(
  declarations: D,
  settings: ResolvedSettings<D>,
): readonly SettingRow[] {
  const values = settings.values as Record<string, unknown>;
  return Object.entries(declarations).map(([name, { type, secret }]) => {
    const value = values[camelCase(name)];
    const shown = value === undefined ? null : secret ? '[redacted]' : type.show(value);
    const origin = settings.origins[name];
    return { name, value: shown, origin: origin?.layer ?? 'default', detail: origin?.detail ?? '' };
  });
}

/** JSON Schema (draft 2020-12) of the application's configuration file. */
export function settingsJsonSchema(
  application: Application,
  declarations: Declarations,
): Readonly<Record<string, unknown>> {
  const properties: Record<string, unknown> = { $schema: { type: 'string' } };
  for (const [name, { type, help, secret }] of Object.entries(declarations)) {
    properties[name] = { ...type.jsonSchema, description: `${help} (${environmentName(application, name)})` };
    if (secret) properties[`${name}-file`] = { type: 'string', description: `File that holds ${name}.` };
  }
  return {
    $schema: 'https://json-schema.org/draft/2020-12/schema',
    title: `Sealane ${application} configuration`,
    type: 'object',
    additionalProperties: false,
    properties,
  };
}
