import { segment } from '../http/agent-client.js';
import { asRecord, asText } from '../json.js';

/** A key as the agent shows it (consul-behaviour.md 1.5). */
export interface KvEntry {
  readonly key: string;
  readonly flags: bigint;
  readonly value: Buffer;
  readonly session: string;
  readonly lockIndex: bigint;
  readonly createIndex: bigint;
  readonly modifyIndex: bigint;
}

/** The URL path of a key; its slashes stay. */
export const kvPath = (key: string): string => `/v1/kv/${key.split('/').map(segment).join('/')}`;

/** The entries of an answer. */
export const kvEntries = (answer: readonly unknown[]): readonly KvEntry[] =>
  answer.map(asRecord).map((entry) => ({
    key: asText(entry['Key']),
    flags: whole(entry['Flags']),
    value: Buffer.from(asText(entry['Value']), 'base64'),
    session: asText(entry['Session']),
    lockIndex: whole(entry['LockIndex']),
    createIndex: whole(entry['CreateIndex']),
    modifyIndex: whole(entry['ModifyIndex']),
  }));

const whole = (value: unknown): bigint => (typeof value === 'bigint' ? value : BigInt(Number(value) || 0));
