/** Intents: what a commit is for, so that one that lost against another commit can be made again on top of it. */

/** Kept as JSON in the row of the commit. */
export type Intent = {
  /** How often it lost. */
  readonly attempts: number;
} & (
  | { readonly kind: 'create'; readonly usernames: readonly string[] }
  | { readonly kind: 'add'; readonly usernames: readonly string[] }
  | { readonly kind: 'remove'; readonly usernames: readonly string[] }
  /** The devices of the group become those that the logs of its accounts list. */
  | { readonly kind: 'reconcile' }
  | { readonly kind: 'update' }
  | { readonly kind: 'rejoin' }
);
