/** Permissions: what each agent may do, and the file that says so. */
export { Permissions } from './permissions.ts';
export { readPermissionsFile } from './permissions-file.ts';
