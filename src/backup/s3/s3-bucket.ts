import { createReadStream } from 'node:fs';
import { isIP } from 'node:net';
import type { Readable } from 'node:stream';
import { AwsV4Signer } from 'aws4fetch';
import { type Dispatcher, request } from 'undici';
import { AppError, backOffMs } from '../../core/index.js';
import type { FinishedFile } from '../backup-place.js';
import { parseError, parsePage, type S3Object } from './s3-answer.js';
import type { S3Credentials } from './s3-credentials.js';

/** A bucket and how it is reached. */
export interface S3Target {
  readonly bucket: string;
  readonly region: string;
  /** `https://host[:port]`; empty = Amazon's of the region. */
  readonly endpoint: string;
  readonly forcePathStyle: boolean;
  /** The store encrypts with its own keys. */
  readonly serverSideEncryption: boolean;
  /** The store encrypts with a key of its key service: its id, or empty for the default one; absent = not. */
  readonly kmsKey?: string;
}

export interface S3BucketOptions extends S3Target {
  readonly credentials: () => Promise<S3Credentials>;
  /** Ms since the epoch, by the machine's clock: signatures hold for minutes. */
  readonly now: () => number;
  readonly pause: (ms: number) => Promise<void>;
  /** Ends what is under way. */
  readonly signal?: AbortSignal;
}

/** The few operations of S3 that backups need. They throw AppError('unavailable') that says what to do. */
export interface S3Bucket {
  list(prefix: string): Promise<readonly S3Object[]>;
  put(key: string, file: FinishedFile): Promise<void>;
  get(key: string): Promise<Readable>;
  remove(key: string): Promise<void>;
}

/** Answers that another attempt may not get: the store is overloaded or being restarted. */
const PASSING = new Set([429, 500, 502, 503, 504]);
const ATTEMPTS = 4;
const BACK_OFF = { firstMs: 500, longestMs: 4000 };
/** Without a byte from the store for this long a request has failed. */
const SILENCE_MS = 60_000;
/** Of nothing; named in the signature of requests without a body. */
const EMPTY_SHA256 = 'e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855';

/** The bucket of an S3-compatible store, over HTTP with requests signed by version 4 of AWS signatures (SigV4). */
export function createS3Bucket(options: S3BucketOptions): S3Bucket {
  return new SignedBucket(options);
}

interface S3Request {
  readonly method: 'GET' | 'PUT' | 'DELETE';
  readonly key: string;
  readonly query?: Readonly<Record<string, string>>;
  readonly file?: FinishedFile;
  /** What the credentials must allow. */
  readonly permission: string;
}

class SignedBucket implements S3Bucket {
  constructor(private readonly options: S3BucketOptions) {}

  async list(prefix: string): Promise<readonly S3Object[]> {
    const objects: S3Object[] = [];
    let next: string | undefined;
    do {
      const query = { 'list-type': '2', prefix, ...(next === undefined ? {} : { 'continuation-token': next }) };
      const answer = await this.#send({ method: 'GET', key: '', query, permission: 's3:ListBucket' });
      const page = parsePage(await answer.body.text());
      if (!page)
        throw this.#problem('answers with something that is no list of objects: is it an S3-compatible store?');
      objects.push(...page.objects);
      next = page.next;
    } while (next !== undefined);
    return objects;
  }

  async put(key: string, file: FinishedFile): Promise<void> {
    const answer = await this.#send({ method: 'PUT', key, file, permission: 's3:PutObject' });
    await answer.body.dump();
  }

  async get(key: string): Promise<Readable> {
    return (await this.#send({ method: 'GET', key, permission: 's3:GetObject' })).body;
  }

  async remove(key: string): Promise<void> {
    const answer = await this.#send({ method: 'DELETE', key, permission: 's3:DeleteObject' });
    await answer.body.dump();
  }

  /** Sends until there is an answer that counts. */
  async #send(wanted: S3Request): Promise<Dispatcher.ResponseData> {
    const credentials = await this.options.credentials();
    for (let attempt = 1; ; attempt++) {
      const outcome = await this.#attempt(wanted, credentials);
      if (!(outcome instanceof AppError)) {
        if (outcome.statusCode < 300) return outcome;
        const problem = this.#refusal(wanted, outcome, parseError(await outcome.body.text().catch(() => '')));
        if (attempt === ATTEMPTS || !PASSING.has(outcome.statusCode)) throw problem;
      } else if (attempt === ATTEMPTS || this.options.signal?.aborted) throw outcome;
      await this.options.pause(backOffMs(attempt, BACK_OFF));
    }
  }

  async #attempt(wanted: S3Request, credentials: S3Credentials): Promise<Dispatcher.ResponseData | AppError> {
    const { signal, now } = this.options;
    const { method, file } = wanted;
    const { headers, url } = await new AwsV4Signer({
      method,
      url: this.#url(wanted),
      headers: { 'x-amz-content-sha256': file?.sha256 ?? EMPTY_SHA256, ...(file && this.#encryption()) },
      ...credentials,
      service: 's3',
      region: this.options.region,
      datetime: new Date(now()).toISOString().replace(/[:-]|\.\d{3}/g, ''),
    }).sign();
    const length = file ? { 'content-length': String(file.sizeBytes), 'content-type': 'application/gzip' } : {};
    try {
      return await request(url, {
        method,
        headers: { ...Object.fromEntries(headers), ...length },
        headersTimeout: SILENCE_MS,
        bodyTimeout: SILENCE_MS,
        ...(file && { body: createReadStream(file.path) }),
        ...(signal && { signal }),
      });
    } catch (thrown) {
      return this.#problem(`cannot be reached at ${url.origin}: ${reasonOf(thrown)}`, thrown);
    }
  }

  #encryption(): Readonly<Record<string, string>> {
    const { serverSideEncryption, kmsKey } = this.options;
    if (kmsKey !== undefined)
      return {
        'x-amz-server-side-encryption': 'aws:kms',
        ...(kmsKey === '' ? {} : { 'x-amz-server-side-encryption-aws-kms-key-id': kmsKey }),
      };
    return serverSideEncryption ? { 'x-amz-server-side-encryption': 'AES256' } : {};
  }

  #url({ key, query = {} }: S3Request): string {
    const path = key.split('/').map(escaped).join('/');
    const search = Object.entries(query)
      .map(([name, value]) => `${name}=${escaped(value)}`)
      .join('&');
    return `${bucketUrl(this.options)}${path}${search === '' ? '' : `?${search}`}`;
  }

  #refusal(
    { permission }: S3Request,
    { statusCode, headers }: Dispatcher.ResponseData,
    error: { readonly code: string; readonly message: string },
  ): AppError {
    const said = `answers with ${statusCode}${error.code === '' ? '' : ` ${error.code}`}${error.message === '' ? '' : ` (${error.message})`}`;
    const region = headers['x-amz-bucket-region'];
    if (typeof region === 'string' && region !== this.options.region)
      return this.#problem(`${said}: it is in region ${region}, set s3_region to that`);
    if (error.code === 'RequestTimeTooSkewed') return this.#problem(`${said}: synchronise the clock of this machine`);
    if (statusCode === 401 || statusCode === 403)
      return this.#problem(`${said}: look at the credentials, and whether they allow ${permission}`);
    return this.#problem(said);
  }

  #problem(says: string, cause?: unknown): AppError {
    return new AppError('unavailable', `the bucket ${this.options.bucket} ${says}`, { cause });
  }
}

const escaped = (text: string): string =>
  encodeURIComponent(text).replace(/[!'()*]/g, (letter) => `%${letter.charCodeAt(0).toString(16).toUpperCase()}`);

/** The URL that all keys of the bucket begin with, a slash at its end: by the host's name, or by the path where names cannot do it. */
export function bucketUrl({ bucket, region, endpoint, forcePathStyle }: S3Target): string {
  const { protocol, host, hostname } = new URL(endpoint === '' ? `https://s3.${region}.amazonaws.com` : endpoint);
  const hasNoNames = isIP(hostname.replace(/^\[|\]$/g, '')) !== 0 || hostname === 'localhost';
  // A certificate for *.host does not cover a bucket with a dot in its name.
  if (forcePathStyle || hasNoNames || bucket.includes('.')) return `${protocol}//${host}/${bucket}/`;
  return `${protocol}//${bucket}.${host}/`;
}

function reasonOf(thrown: unknown): string {
  const { code, message, errors } = thrown as NodeJS.ErrnoException & { readonly errors?: readonly Error[] };
  return message || errors?.[0]?.message || code || String(thrown);
}
