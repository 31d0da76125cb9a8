import type { Field } from '../wire/index.js';
import type { EntryAccess, Requirement } from './rules/requirement.js';

/** What the file of every kind exports: all there is to know about entries of that kind by themselves. */
export interface EntryKind<Entry> {
  readonly schema: Field<Entry>;
  /** Fills in defaults and brings equal entries to one form. */
  readonly normalize: (entry: Entry) => Entry;
  /** The first thing wrong with a normalised entry, as a text for its writer. Knows no other entry. */
  readonly validate: (entry: Entry) => string | undefined;
  /** Rights that reading or writing an entry needs (consul-behaviour 4, table of kinds). */
  readonly requires: (entry: Entry, access: EntryAccess) => readonly Requirement[];
  /** Names of other services that an entry speaks of, sorted. */
  readonly references: (entry: Entry) => readonly string[];
}
