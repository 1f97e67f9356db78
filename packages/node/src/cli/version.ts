// The version of the running program: written in by the build, a marker when the sources are run.

declare const __SEALANE_VERSION__: string | undefined;

/** Version of this program, `0.0.0-source` when it is run from its sources. */
export const version: string = typeof __SEALANE_VERSION__ === 'string' ? __SEALANE_VERSION__ : '0.0.0-source';
