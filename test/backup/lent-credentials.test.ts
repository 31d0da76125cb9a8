import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, onTestFinished, test, vi } from 'vitest';
import { backupName } from '../../src/backup/backup-name.js';
import { openPlace } from '../../src/backup/open-place.js';
import { type CredentialOptions, createS3Credentials } from '../../src/backup/s3/lent-credentials.js';
import { resolveStorage } from '../../src/backup/storage-config.js';
import { takeBackup } from '../../src/backup/take-backup.js';
import { systemClock } from '../../src/core/index.js';
import { BUCKET, startFakeS3 } from '../support/s3/fake-s3.js';
import { smallSnapshot } from './snapshot-bytes.js';

const NONE = { accessKeyId: '', secretAccessKey: '', sessionToken: '' };
const NO_ROLE = { arn: '', sessionName: '', webIdentityTokenFile: '', stsEndpoint: '' };
const LENT = { accessKeyId: 'ASIALENT', secretAccessKey: 'lent-secret', sessionToken: 'lent-token' };
const ARN = 'arn:aws:iam::123456789012:role/backups';

interface Lender {
  readonly url: string;
  /** What was asked: the path with its query or form, and with which key it was signed. */
  readonly asked: { readonly what: string; readonly form: URLSearchParams; readonly signedBy: string }[];
  expiresMs: number;
  refuses: boolean;
}

/** Lends roles as Amazon's services do: to a signed request, to a token, to a container, to a machine. */
async function startLender(): Promise<Lender> {
  const lender = { url: '', asked: [] as Lender['asked'][number][], expiresMs: Date.now() + 3_600_000, refuses: false };
  const lend = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk as Buffer);
    const form = new URLSearchParams(Buffer.concat(chunks).toString());
    const signedBy = /Credential=([^/]+)\//.exec(request.headers.authorization ?? '')?.[1] ?? '';
    lender.asked.push({ what: `${request.method} ${request.url}`, form, signedBy });
    const expires = new Date(lender.expiresMs).toISOString();
    const { accessKeyId, secretAccessKey, sessionToken } = LENT;
    if (lender.refuses) {
      response.writeHead(403, { 'content-type': 'text/xml' });
      const error =
        '<Error><Type>Sender</Type><Code>AccessDenied</Code><Message>not yours to take on</Message></Error>';
      response.end(`<ErrorResponse>${error}<RequestId>1</RequestId></ErrorResponse>`);
    } else if (form.has('Action')) {
      const action = form.get('Action');
      response.setHeader('content-type', 'text/xml');
      response.end(
        `<${action}Response><${action}Result><Credentials><AccessKeyId>${accessKeyId}</AccessKeyId><SecretAccessKey>${secretAccessKey}</SecretAccessKey><SessionToken>${sessionToken}</SessionToken><Expiration>${expires}</Expiration></Credentials></${action}Result></${action}Response>`,
      );
    } else if (request.url === '/latest/api/token') response.end('a-token-of-the-machine');
    else if (request.url === '/latest/meta-data/iam/security-credentials/') response.end('backups');
    else {
      response.setHeader('content-type', 'application/json');
      const keys = { AccessKeyId: accessKeyId, SecretAccessKey: secretAccessKey, Token: sessionToken };
      response.end(JSON.stringify({ Code: 'Success', ...keys, Expiration: expires }));
    }
  };
  const server = createServer((request, response) => void lend(request, response));
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  onTestFinished(() => new Promise<void>((resolve) => void server.close(() => resolve())));
  lender.url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  return lender;
}

describe('Credentials that are lent', () => {
  let folder: string;
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'lent-'));
    for (const name of Object.keys(process.env)) if (name.startsWith('AWS_')) vi.stubEnv(name, undefined);
    vi.stubEnv('AWS_SHARED_CREDENTIALS_FILE', join(folder, 'credentials'));
    vi.stubEnv('AWS_CONFIG_FILE', join(folder, 'config'));
    vi.stubEnv('AWS_EC2_METADATA_DISABLED', 'true');
  });
  afterEach(() => {
    vi.unstubAllEnvs();
    rmSync(folder, { recursive: true });
  });

  const find = (changes: Partial<CredentialOptions> = {}) =>
    createS3Credentials({
      ...{ given: NONE, role: NO_ROLE, region: 'eu-test-1', env: process.env, now: Date.now },
      ...changes,
    });
  const tokenFile = (): string => {
    const path = join(folder, 'token');
    writeFileSync(path, 'who-i-am');
    return path;
  };

  test('are those of a role that is taken on with the credentials that are given', async () => {
    const lender = await startLender();
    const given = { ...NONE, accessKeyId: 'AKIAGIVEN', secretAccessKey: 'given-secret' };
    const role = { ...NO_ROLE, arn: ARN, sessionName: 'night', stsEndpoint: lender.url };
    expect(await find({ given, role })()).toEqual(LENT);
    expect(lender.asked[0]?.signedBy).toBe('AKIAGIVEN');
    expect(Object.fromEntries(lender.asked[0]?.form ?? [])).toMatchObject({
      Action: 'AssumeRole',
      RoleArn: ARN,
      RoleSessionName: 'night',
    });
  });

  test('are those of a role that is taken on with the token in a file, named by the options or by the environment', async () => {
    const lender = await startLender();
    const expected = {
      Action: 'AssumeRoleWithWebIdentity',
      RoleArn: ARN,
      RoleSessionName: 'meshwright',
      WebIdentityToken: 'who-i-am',
    };
    const role = { ...NO_ROLE, arn: ARN, webIdentityTokenFile: tokenFile(), stsEndpoint: lender.url };
    expect(await find({ role })()).toEqual(LENT);
    expect(Object.fromEntries(lender.asked[0]?.form ?? [])).toMatchObject(expected);
    vi.stubEnv('AWS_WEB_IDENTITY_TOKEN_FILE', role.webIdentityTokenFile);
    expect(await find({ role: { ...role, webIdentityTokenFile: '' } })()).toEqual(LENT);
    expect(Object.fromEntries(lender.asked[1]?.form ?? [])).toMatchObject(expected);
  });

  test('are those of the container, where there are no others', async () => {
    const lender = await startLender();
    vi.stubEnv('AWS_CONTAINER_CREDENTIALS_FULL_URI', `${lender.url}/of-the-container`);
    expect(await find()()).toEqual(LENT);
    expect(lender.asked.map(({ what }) => what)).toEqual(['GET /of-the-container']);
    const given = { ...NONE, accessKeyId: 'a', secretAccessKey: 'b' };
    expect(await find({ given })()).toEqual(given);
    expect(lender.asked).toHaveLength(1);
  });

  test("are those of the machine's role at last", async () => {
    const lender = await startLender();
    vi.stubEnv('AWS_EC2_METADATA_DISABLED', undefined);
    vi.stubEnv('AWS_EC2_METADATA_SERVICE_ENDPOINT', lender.url);
    expect(await find()()).toEqual(LENT);
    expect(lender.asked.map(({ what }) => what)).toContain('PUT /latest/api/token');
  });

  test('are asked for once, and again before they end', async () => {
    const lender = await startLender();
    let nowMs = Date.now();
    const role = { ...NO_ROLE, arn: ARN, webIdentityTokenFile: tokenFile(), stsEndpoint: lender.url };
    const credentials = find({ role, now: () => nowMs });
    await Promise.all([credentials(), credentials()]);
    await credentials();
    expect(lender.asked).toHaveLength(1);
    nowMs = lender.expiresMs - 4 * 60_000;
    await credentials();
    expect(lender.asked).toHaveLength(2);
  });

  test('are named where they are missing or refused, and asked for again after that', async () => {
    await expect(find()()).rejects.toMatchObject({ code: 'unavailable' });
    await expect(find()()).rejects.toThrow('there are no S3 credentials: give access_key_id');
    const lender = await startLender();
    lender.refuses = true;
    const role = { ...NO_ROLE, arn: ARN, webIdentityTokenFile: tokenFile(), stsEndpoint: lender.url };
    const credentials = find({ role });
    await expect(credentials()).rejects.toThrow(`the role ${ARN} cannot be taken on: not yours to take on`);
    lender.refuses = false;
    expect(await credentials()).toEqual(LENT);
    const noArn = find({ role: { ...role, arn: '' } });
    await expect(noArn()).rejects.toThrow('no role: give role_arn');
  });

  test('sign the backups that are stored with them', async () => {
    const lender = await startLender();
    const region = 'eu-test-1';
    const store = await startFakeS3({ ...LENT, region });
    onTestFinished(() => store.close());
    const config = resolveStorage(
      {
        awsStorage: {
          ...{ s3Bucket: BUCKET, s3Region: region, s3Endpoint: store.endpoint, s3ForcePathStyle: true },
          ...{ roleArn: ARN, webIdentityTokenFile: tokenFile(), stsEndpoint: lender.url },
        },
      },
      process.env,
    );
    if (!config) throw new Error('no place');
    const place = openPlace(config, { env: process.env, clock: systemClock, scratchFolder: folder });
    const whole = await smallSnapshot();
    const name = backupName(Date.now());
    await takeBackup({ place, name, retain: 3, source: async () => [whole] as never });
    expect([...store.objects.values()]).toEqual([whole]);
    expect(lender.asked).toHaveLength(1);
  });
});
