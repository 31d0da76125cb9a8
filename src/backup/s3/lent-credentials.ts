import type * as AwsCredentials from '@aws-sdk/credential-providers';
import { AppError } from '../../core/index.js';
import { type Environment, findS3Credentials, type S3Credentials } from './s3-credentials.js';

/** A role whose rights are taken on. Empty texts = not given. */
export interface S3Role {
  readonly arn: string;
  /** A name for the store's logs. */
  readonly sessionName: string;
  /** A file with the token that proves who asks, instead of credentials. */
  readonly webIdentityTokenFile: string;
  /** Where roles are asked for: `https://host[:port]`; empty = Amazon's of the region. */
  readonly stsEndpoint: string;
}

export interface CredentialOptions {
  readonly given: S3Credentials;
  readonly role: S3Role;
  readonly region: string;
  readonly env: Environment;
  /** Ms since the epoch. */
  readonly now: () => number;
}

/** Lent ones are asked for anew so long before they end. */
const ENDS_SOON_MS = 5 * 60_000;

type Lent = Awaited<ReturnType<ReturnType<typeof AwsCredentials.fromTokenFile>>>;
type Ask = () => Promise<Lent>;

/**
 * Where credentials come from: those of a role, where one is named; else `findS3Credentials`; else what the surroundings lend: a
 * profile with a role, single sign-on or a program, a web identity, the container's or the machine's role. The returned function
 * throws AppError('unavailable') that says which was tried.
 */
export function createS3Credentials(options: CredentialOptions): () => Promise<S3Credentials> {
  const { given, role, region, env, now } = options;
  const fromSurroundings = remembered(now, async () => {
    const { fromNodeProviderChain } = await library();
    return fromNodeProviderChain({ ignoreCache: true, clientConfig: { region }, timeout: 1000, maxRetries: 1 });
  });
  const own = async (): Promise<S3Credentials> =>
    (await findS3Credentials(given, env)) ??
    fromSurroundings().catch((thrown: unknown) => {
      throw none(env, thrown);
    });
  if (role.arn === '' && role.webIdentityTokenFile === '') return own;
  const ofRole = remembered(now, () => roleProvider(options, own));
  return () =>
    ofRole().catch((thrown: unknown) => {
      if (thrown instanceof AppError) throw thrown;
      const name = role.arn || env['AWS_ROLE_ARN'] || 'role_arn';
      throw new AppError('unavailable', `the role ${name} cannot be taken on: ${reasonOf(thrown)}`, { cause: thrown });
    });
}

function library(): Promise<typeof AwsCredentials> {
  // It would write on stderr which Node its versions of next year need.
  process.env['AWS_SDK_JS_NODE_VERSION_SUPPORT_WARNING_DISABLED'] ??= 'true';
  return import('@aws-sdk/credential-providers');
}

async function roleProvider({ role, region, env }: CredentialOptions, own: () => Promise<S3Credentials>): Promise<Ask> {
  const { fromTemporaryCredentials, fromTokenFile } = await library();
  const clientConfig = { region, ...(role.stsEndpoint && { endpoint: role.stsEndpoint }) };
  const webIdentityTokenFile = role.webIdentityTokenFile || env['AWS_WEB_IDENTITY_TOKEN_FILE'];
  const roleSessionName = role.sessionName || env['AWS_ROLE_SESSION_NAME'] || 'meshwright';
  if (!webIdentityTokenFile)
    return fromTemporaryCredentials({
      masterCredentials: own,
      params: { RoleArn: role.arn, RoleSessionName: roleSessionName },
      clientConfig,
    });
  const roleArn = role.arn || env['AWS_ROLE_ARN'] || '';
  if (roleArn === '')
    throw new AppError('unavailable', 'aws_storage has a web_identity_token_file and no role: give role_arn');
  return fromTokenFile({ webIdentityTokenFile, roleArn, roleSessionName, clientConfig });
}

/** Asks once for all, and again when what was lent ends soon. */
function remembered(now: () => number, provider: () => Promise<Ask>): () => Promise<S3Credentials> {
  let lent: Promise<Lent> | undefined;
  let endsMs = 0;
  const ask = async (): Promise<Lent> => {
    endsMs = Number.POSITIVE_INFINITY;
    const answer = await (await provider())();
    endsMs = answer.expiration?.getTime() ?? 0;
    return answer;
  };
  return async () => {
    if (lent === undefined || now() + ENDS_SOON_MS >= endsMs) lent = ask();
    const asked = lent;
    try {
      const { accessKeyId, secretAccessKey, sessionToken = '' } = await asked;
      return { accessKeyId, secretAccessKey, sessionToken };
    } catch (thrown) {
      if (lent === asked) lent = undefined;
      throw thrown;
    }
  };
}

function none(env: Environment, thrown: unknown): AppError {
  return new AppError(
    'unavailable',
    `there are no S3 credentials: give access_key_id and secret_access_key, or role_arn, AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY in the environment, [${env['AWS_PROFILE'] || 'default'}] in the shared credentials file, or a role to this machine (${reasonOf(thrown)})`,
    { cause: thrown },
  );
}

/** What the library says, without what was sent. */
const reasonOf = (thrown: unknown): string => (thrown as Error).message.split('\n')[0] || (thrown as Error).name;
