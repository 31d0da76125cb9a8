import { AppError } from '../core/index.js';
import type { S3Target } from './s3/s3-bucket.js';
import type { S3Role } from './s3/lent-credentials.js';
import type { Environment, S3Credentials } from './s3/s3-credentials.js';
import type { S3Options, StorageOptions } from './storage-options.js';

/** Where backups go, with every option filled in. */
export type StorageConfig =
  | { readonly type: 'folder'; readonly path: string }
  | {
      readonly type: 's3';
      readonly target: S3Target;
      readonly prefix: string;
      readonly credentials: S3Credentials;
      readonly role: S3Role;
    };

/** A place as people write it: the path of a folder, or `s3://bucket/prefix`. */
export const shownStorage = (storage: StorageConfig): string =>
  storage.type === 'folder' ? storage.path : `s3://${storage.target.bucket}/${storage.prefix}`;

const invalid = (message: string): AppError => new AppError('invalidArgument', message);

/** Names of ours that Consul's agent has, for which there is nothing here; empty ones are as good as absent. */
const UNSUPPORTED = {
  s3StaticSnapshotName:
    's3_static_snapshot_name: every backup has a name of its own; say with retain how many are kept',
  iamEndpoint: 'iam_endpoint: name the service that lends roles with sts_endpoint',
} as const satisfies Partial<Record<keyof S3Options, string>>;

/**
 * The storage sections with defaults: a bucket before a folder, as Consul's snapshot agent has it; undefined where neither is
 * named. `AWS_S3_ENDPOINT`, `AWS_REGION` and `AWS_DEFAULT_REGION` count where the options are silent. Throws
 * AppError('invalidArgument' | 'unsupported') that names the option.
 */
export function resolveStorage(
  { localStorage, awsStorage = {}, azureBlobStorage, googleStorage }: StorageOptions,
  env: Environment,
): StorageConfig | undefined {
  if (googleStorage?.bucket || azureBlobStorage?.containerName)
    throw new AppError(
      'unsupported',
      'google_storage and azure_blob_storage are not supported: use local_storage, or aws_storage with an S3-compatible endpoint',
    );
  if (awsStorage.s3Bucket) return resolveS3(awsStorage, awsStorage.s3Bucket, env);
  const left = Object.entries(awsStorage).find(([key, value]) => value && key.startsWith('s3'));
  if (left && left[0] !== 's3KeyPrefix' && left[0] !== 's3Region')
    throw invalid('aws_storage lacks s3_bucket: the bucket that backups go to');
  return localStorage?.path ? { type: 'folder', path: localStorage.path } : undefined;
}

function resolveS3(options: S3Options, bucket: string, env: Environment): StorageConfig {
  for (const [key, says] of Object.entries(UNSUPPORTED))
    if (options[key as keyof typeof UNSUPPORTED]) throw new AppError('unsupported', `aws_storage has no ${says}`);
  if (/[/\s]/.test(bucket))
    throw invalid(`aws_storage.s3_bucket "${bucket}" must be the name of a bucket, without slashes`);
  const endpoint = options.s3Endpoint || env['AWS_S3_ENDPOINT'] || '';
  checkEndpoint('s3_endpoint', endpoint);
  checkEndpoint('sts_endpoint', options.stsEndpoint ?? '');
  const region =
    options.s3Region || env['AWS_REGION'] || env['AWS_DEFAULT_REGION'] || (endpoint === '' ? '' : 'us-east-1');
  if (region === '') throw invalid('aws_storage.s3_region is required: the region of the bucket');
  if (!/^[a-z0-9-]+$/i.test(region)) throw invalid(`aws_storage.s3_region "${region}" is not the name of a region`);
  const { accessKeyId = '', secretAccessKey = '', sessionToken = '' } = options;
  if ((accessKeyId === '') !== (secretAccessKey === ''))
    throw invalid('aws_storage needs both access_key_id and secret_access_key, or neither');
  return {
    type: 's3',
    prefix: (options.s3KeyPrefix ?? 'consul-snapshot').replace(/^\/+|\/+$/g, ''),
    credentials: { accessKeyId, secretAccessKey, sessionToken },
    role: {
      arn: options.roleArn ?? '',
      sessionName: options.roleSessionName ?? '',
      webIdentityTokenFile: options.webIdentityTokenFile ?? '',
      stsEndpoint: options.stsEndpoint ?? '',
    },
    target: {
      bucket,
      region,
      endpoint,
      forcePathStyle: options.s3ForcePathStyle ?? false,
      serverSideEncryption: options.s3ServerSideEncryption ?? false,
      ...(options.s3EnableKms || options.s3KmsKey ? { kmsKey: options.s3KmsKey ?? '' } : {}),
    },
  };
}

function checkEndpoint(option: string, endpoint: string): void {
  if (endpoint !== '' && !/^https?:\/\/[^/]+\/?$/.test(endpoint))
    throw invalid(`aws_storage.${option} must be http://HOST[:PORT] or https://HOST[:PORT], not "${endpoint}"`);
}
