import { readFile } from 'node:fs/promises';
import { join } from 'node:path';

/** With whose rights a store is used. Secrets. */
export interface S3Credentials {
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
  /** Empty for long-lived keys. */
  readonly sessionToken: string;
}

export type Environment = Readonly<Record<string, string | undefined>>;

/**
 * The credentials: those given, else `AWS_ACCESS_KEY_ID`, `AWS_SECRET_ACCESS_KEY` and `AWS_SESSION_TOKEN`, else the section
 * `AWS_PROFILE` (`default`) of `AWS_SHARED_CREDENTIALS_FILE` (`~/.aws/credentials`), read each time, so that a replaced file
 * counts. Undefined when there are none.
 */
export async function findS3Credentials(given: S3Credentials, env: Environment): Promise<S3Credentials | undefined> {
  if (given.accessKeyId !== '') return given;
  const { AWS_ACCESS_KEY_ID: accessKeyId, AWS_SECRET_ACCESS_KEY: secretAccessKey } = env;
  if (accessKeyId && secretAccessKey)
    return { accessKeyId, secretAccessKey, sessionToken: env['AWS_SESSION_TOKEN'] ?? '' };
  const file = env['AWS_SHARED_CREDENTIALS_FILE'] || join(env['HOME'] ?? '', '.aws', 'credentials');
  const profile = env['AWS_PROFILE'] || 'default';
  return credentialsIn(await readFile(file, 'utf8').catch(() => ''), profile);
}

/** The credentials of a section in the text of a shared credentials file; undefined when it has no pair of keys. */
export function credentialsIn(text: string, profile: string): S3Credentials | undefined {
  const values = new Map<string, string>();
  let section = '';
  for (const line of text.split(/\r?\n/)) {
    const trimmed = line.trim();
    if (trimmed === '' || /^[#;]/.test(trimmed)) continue;
    const heading = /^\[([^\]]*)\]$/.exec(trimmed);
    if (heading) section = (heading[1] ?? '').trim();
    else if (section === profile) {
      const at = trimmed.indexOf('=');
      if (at > 0) values.set(trimmed.slice(0, at).trim(), trimmed.slice(at + 1).trim());
    }
  }
  const accessKeyId = values.get('aws_access_key_id') ?? '';
  const secretAccessKey = values.get('aws_secret_access_key') ?? '';
  if (accessKeyId === '' || secretAccessKey === '') return undefined;
  return { accessKeyId, secretAccessKey, sessionToken: values.get('aws_session_token') ?? '' };
}
