import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, onTestFinished, test } from 'vitest';
import { credentialsIn, findS3Credentials } from '../../src/backup/s3/s3-credentials.js';
import { resolveStorage } from '../../src/backup/storage-config.js';

const NONE = { accessKeyId: '', secretAccessKey: '', sessionToken: '' };

describe('Where backups go', () => {
  test('is a folder, or a bucket before it, or nowhere', () => {
    expect(resolveStorage({}, {})).toBeUndefined();
    expect(resolveStorage({ localStorage: { path: '/b' } }, {})).toEqual({ type: 'folder', path: '/b' });
    const both = {
      localStorage: { path: '/b' },
      awsStorage: { s3Bucket: 'b', s3Region: 'eu-1', s3KeyPrefix: '/a/b/' },
    };
    expect(resolveStorage(both, {})).toEqual({
      type: 's3',
      prefix: 'a/b',
      credentials: NONE,
      role: { arn: '', sessionName: '', webIdentityTokenFile: '', stsEndpoint: '' },
      target: { bucket: 'b', region: 'eu-1', endpoint: '', forcePathStyle: false, serverSideEncryption: false },
    });
  });

  test('has its region and its endpoint from the environment where the options are silent', () => {
    const target = (env: Record<string, string>, s3Region?: string) => {
      const config = resolveStorage({ awsStorage: { s3Bucket: 'b', ...(s3Region && { s3Region }) } }, env);
      return config?.type === 's3' ? [config.target.region, config.target.endpoint] : [];
    };
    expect(target({ AWS_REGION: 'eu-2' })).toEqual(['eu-2', '']);
    expect(target({ AWS_REGION: 'eu-2' }, 'eu-1')).toEqual(['eu-1', '']);
    expect(target({ AWS_S3_ENDPOINT: 'https://s' })).toEqual(['us-east-1', 'https://s']);
  });

  test.each([
    [{ s3Bucket: 'b' }, 's3_region is required'],
    [{ s3Bucket: 'b/c', s3Region: 'r' }, 'without slashes'],
    [{ s3Bucket: 'b', s3Endpoint: 'store:9000' }, 'must be http://HOST'],
    [{ s3Bucket: 'b', s3Region: 'r', accessKeyId: 'k' }, 'both access_key_id and secret_access_key'],
    [{ s3Bucket: 'b', s3Region: 'r', stsEndpoint: 'sts' }, 'sts_endpoint must be http://HOST'],
    [{ s3Bucket: 'b', s3Region: 'r', iamEndpoint: 'x' }, 'no iam_endpoint'],
    [{ s3Bucket: 'b', s3Region: 'r', s3StaticSnapshotName: 'x' }, 'no s3_static_snapshot_name'],
    [{ s3Endpoint: 'https://s' }, 'lacks s3_bucket'],
  ])('is refused with the name of the option: %j', (awsStorage, says) => {
    expect(() => resolveStorage({ awsStorage }, {})).toThrow(says);
  });

  test('is nothing that is not there: Google, Azure', () => {
    expect(() => resolveStorage({ googleStorage: { bucket: 'b' } }, {})).toThrow('google_storage');
    expect(() => resolveStorage({ azureBlobStorage: { containerName: 'b' } }, {})).toThrow('azure_blob_storage');
  });
});

describe('Credentials of S3', () => {
  test('are those given, then those of the environment, then those of a file', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'credentials-'));
    onTestFinished(() => rmSync(folder, { recursive: true }));
    const file = join(folder, 'credentials');
    writeFileSync(file, '[default]\naws_access_key_id = f\naws_secret_access_key = g\n');
    const env = { AWS_SHARED_CREDENTIALS_FILE: file };
    const keys = { AWS_ACCESS_KEY_ID: 'e', AWS_SECRET_ACCESS_KEY: 's', AWS_SESSION_TOKEN: 't' };
    const given = { ...NONE, accessKeyId: 'a', secretAccessKey: 'b' };
    expect(await findS3Credentials(given, { ...env, ...keys })).toEqual(given);
    expect(await findS3Credentials(NONE, { ...env, ...keys })).toEqual({
      accessKeyId: 'e',
      secretAccessKey: 's',
      sessionToken: 't',
    });
    expect(await findS3Credentials(NONE, env)).toEqual({ accessKeyId: 'f', secretAccessKey: 'g', sessionToken: '' });
    expect(await findS3Credentials(NONE, { ...env, AWS_PROFILE: 'p' })).toBeUndefined();
  });

  test('are read from the section of a profile', () => {
    const text =
      '# keys\n[a]\naws_access_key_id=1\n[b]\r\naws_access_key_id = 2\r\naws_secret_access_key = 3=\naws_session_token=4\n';
    expect(credentialsIn(text, 'a')).toBeUndefined();
    expect(credentialsIn(text, 'b')).toEqual({ accessKeyId: '2', secretAccessKey: '3=', sessionToken: '4' });
  });
});
