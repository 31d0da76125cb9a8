import { tmpdir } from 'node:os';
import { resolve } from 'node:path';
import { resolveStorage, type StorageConfig } from '../../backup/index.js';
import { parseDurationMs } from '../../core/duration.js';
import { AppError } from '../../core/errors/index.js';
import {
  type FlagValues,
  type Flags,
  durationFlag,
  listFlag,
  numberFlag,
  switchFlag,
  textFlag,
} from '../flags/flag.js';
import type { CliIo } from '../io.js';
import type { SnapshotAgentOptions } from './agent-file.js';

const HOUR_MS = 3_600_000;
const SHORTEST_INTERVAL_MS = 1000;
const SHORTEST_DEREGISTER_MS = 60_000;

/** The flags of `snapshot agent`, in the names of Consul's. */
export const snapshotAgentFlags = {
  configFile: listFlag('File with a section snapshot_agent, JSON or HCL; flags come before it.', 'file'),
  configDir: listFlag('Folder whose files ending in .json and .hcl are read like that, by name.', 'folder'),
  interval: durationFlag('How old the newest snapshot may get; 0 saves one and ends.', parseDurationMs, HOUR_MS, '1h'),
  retain: numberFlag('How many snapshots are kept; 0 keeps all.', 30),
  oneShot: switchFlag('Save one snapshot and end, as -interval=0. The exit code says whether it worked.'),
  lockKey: textFlag('Key by whose lock one of several agents works.', 'key', 'consul-snapshot/lock'),
  maxFailures: numberFlag('After so many failures in a row another agent is let in.', 3),
  service: textFlag('Name under which this agent is registered, with its checks.', 'name', 'consul-snapshot'),
  deregisterAfter: durationFlag(
    'When an agent that died is taken out of the catalog; 0 = never.',
    parseDurationMs,
    72 * HOUR_MS,
    '72h',
  ),
  localPath: textFlag('Folder for the snapshots; made when it is not there.', 'folder', '.'),
  localScratchPath: textFlag('Folder for files on their way to S3. The default is that of the system.', 'folder'),
  awsS3Bucket: textFlag('Bucket of an S3-compatible store; then no folder is used.', 'bucket'),
  awsS3KeyPrefix: textFlag('What the keys in the bucket begin with.', 'prefix', 'consul-snapshot'),
  awsS3Region: textFlag('Region of the bucket. Also AWS_REGION.', 'region'),
  awsS3Endpoint: textFlag('URL of the store. Also AWS_S3_ENDPOINT. The default is that of the region.', 'url'),
  awsS3ForcePathStyle: switchFlag('The bucket is named in the path, not in the host name: most stores need it.'),
  awsS3ServerSideEncryption: switchFlag('The store encrypts with its own keys (AES-256).'),
  awsS3EnableKms: switchFlag('The store encrypts with a key of its key service.'),
  awsS3KmsKey: textFlag('Which key that is.', 'id'),
  awsAccessKeyId: textFlag('Access key. Also AWS_ACCESS_KEY_ID, or ~/.aws/credentials.', 'id'),
  awsSecretAccessKey: textFlag('Its secret. Better give AWS_SECRET_ACCESS_KEY, or a file.', 'secret'),
  awsSessionToken: textFlag('Of temporary credentials. Also AWS_SESSION_TOKEN.', 'token'),
  awsRoleArn: textFlag('Role whose rights are taken on. Also AWS_ROLE_ARN, with a token file.', 'arn'),
  awsRoleSessionName: textFlag("Name of that in the store's logs. Also AWS_ROLE_SESSION_NAME.", 'name'),
  awsWebIdentityTokenFile: textFlag(
    'File with the token that proves who asks for the role. Also AWS_WEB_IDENTITY_TOKEN_FILE.',
    'file',
  ),
  awsStsEndpoint: textFlag('URL of the service that lends roles. The default is that of the region.', 'url'),
} satisfies Flags;

type Values = FlagValues<typeof snapshotAgentFlags>;

/** What a run of `snapshot agent` is to do. */
export interface SnapshotAgentPlan {
  readonly storage: StorageConfig;
  readonly scratchFolder: string;
  /** 0 = once. */
  readonly intervalMs: number;
  /** 0 = all. */
  readonly retain: number;
  readonly stale: boolean;
  readonly lockKey: string;
  readonly maxFailures: number;
  /** Empty = it is not registered. */
  readonly service: string;
  /** 0 = never. */
  readonly deregisterAfterMs: number;
}

/** Flags that were given, then what the files say, then the defaults. Throws AppError that names the flag or option. */
export function planSnapshotAgent(
  flags: Values,
  isGiven: (flag: keyof Values) => boolean,
  file: SnapshotAgentOptions,
  { env, cwd }: Pick<CliIo, 'env' | 'cwd'>,
): SnapshotAgentPlan {
  const { snapshot = {}, awsStorage = {} } = file;
  const pick = <Name extends keyof Values>(name: Name, other: Values[Name] | undefined): Values[Name] =>
    isGiven(name) ? flags[name] : (other ?? flags[name]);
  if (file.login?.authMethod) throw new AppError('unsupported', 'snapshot_agent.login is not supported: give a token');
  const storage = resolveStorage(
    {
      ...file,
      localStorage: { path: resolve(cwd, pick('localPath', file.localStorage?.path)) },
      awsStorage: {
        ...awsStorage,
        s3Bucket: pick('awsS3Bucket', awsStorage.s3Bucket),
        s3KeyPrefix: pick('awsS3KeyPrefix', awsStorage.s3KeyPrefix),
        s3Region: pick('awsS3Region', awsStorage.s3Region),
        s3Endpoint: pick('awsS3Endpoint', awsStorage.s3Endpoint),
        s3ForcePathStyle: pick('awsS3ForcePathStyle', awsStorage.s3ForcePathStyle),
        s3ServerSideEncryption: pick('awsS3ServerSideEncryption', awsStorage.s3ServerSideEncryption),
        s3EnableKms: pick('awsS3EnableKms', awsStorage.s3EnableKms),
        s3KmsKey: pick('awsS3KmsKey', awsStorage.s3KmsKey),
        accessKeyId: pick('awsAccessKeyId', awsStorage.accessKeyId),
        secretAccessKey: pick('awsSecretAccessKey', awsStorage.secretAccessKey),
        sessionToken: pick('awsSessionToken', awsStorage.sessionToken),
        roleArn: pick('awsRoleArn', awsStorage.roleArn),
        roleSessionName: pick('awsRoleSessionName', awsStorage.roleSessionName),
        webIdentityTokenFile: pick('awsWebIdentityTokenFile', awsStorage.webIdentityTokenFile),
        stsEndpoint: pick('awsStsEndpoint', awsStorage.stsEndpoint),
      },
    },
    env,
  );
  if (!storage) throw new AppError('invalidArgument', 'The -local-path flag must name a folder');
  const plan = {
    storage,
    scratchFolder: resolve(cwd, pick('localScratchPath', snapshot.localScratchPath) || tmpdir()),
    intervalMs: flags.oneShot ? 0 : pick('interval', snapshot.intervalMs),
    retain: pick('retain', snapshot.retain),
    stale: snapshot.stale ?? false,
    lockKey: pick('lockKey', snapshot.lockKey),
    maxFailures: pick('maxFailures', snapshot.maxFailures),
    service: pick('service', snapshot.service),
    deregisterAfterMs: pick('deregisterAfter', snapshot.deregisterAfterMs),
  };
  check(plan);
  return plan;
}

function check(plan: SnapshotAgentPlan): void {
  const refuse = (problem: string): never => {
    throw new AppError('invalidArgument', problem);
  };
  if (plan.intervalMs !== 0 && plan.intervalMs < SHORTEST_INTERVAL_MS)
    refuse('The -interval flag must be 1s or more, or 0 to save one snapshot');
  if (plan.retain < 0) refuse('The -retain flag must be 0 or more');
  if (plan.maxFailures < 1) refuse('The -max-failures flag must be 1 or more');
  if (plan.lockKey === '') refuse('The -lock-key flag must name a key');
  if (plan.deregisterAfterMs !== 0 && plan.deregisterAfterMs < SHORTEST_DEREGISTER_MS)
    refuse('The -deregister-after flag must be 1m or more, or 0');
}
