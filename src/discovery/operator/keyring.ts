export type KeyringChange = 'install' | 'use' | 'remove';

/** Which cluster keys a member has, base64. */
export interface MemberKeys {
  readonly node: string;
  readonly isServer: boolean;
  readonly keys: readonly string[];
  readonly primary?: string;
  /** It did not say, or did not do what was asked. */
  readonly problem?: string;
}

/** The cluster keys of all members. */
export interface KeyringControl {
  /** What every living member has. */
  list(): Promise<readonly MemberKeys[]>;
  /**
   * Changes the keys of all members; resolves with what each says to it. What is refused before it was begun is a problem of those
   * members that it is refused for, and changes nothing.
   */
  change(change: KeyringChange, key: string): Promise<readonly MemberKeys[]>;
}
