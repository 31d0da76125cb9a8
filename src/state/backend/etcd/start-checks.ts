import { status } from './client/index.js';
import { AppError, type Clock } from '../../../core/index.js';
import { appErrorOf, type EtcdClient, EtcdError, hexId, type StatusResponse } from './client/index.js';
import type { Layout } from './layout.js';

const FORMAT = 1;
const PRODUCT = 'meshwright-state';
const WAIT_MS = 20_000;
const PAUSE_MS = 300;
/** Before this program was written: a clock that was never set. */
const EARLIEST_MS = Date.UTC(2025, 0, 1);
const CLOCK_TOLERANCE_MS = 5000;
const SMALLEST_QUOTA_BYTES = 64 * 2 ** 20;

interface StartCheckParts {
  readonly client: EtcdClient;
  readonly layout: Layout;
  /** Whose state is looked for; absent = of any. */
  readonly datacenter?: string;
  readonly clock: Clock;
  readonly allowOldEtcd: boolean;
  readonly pause: (delayMs: number) => Promise<void>;
  /** Throws when the state is not to be looked for in this cluster. */
  readonly onCluster: (clusterId: string) => void;
  readonly onProblem: (error: AppError) => void;
}

/**
 * Looks at the clock, at every endpoint that answers (at least one must), at alarms and at what the prefix holds, and marks the
 * prefix as ours. Throws AppError('unavailable' | 'corruptState' | 'unsupported') with what is wrong; then nothing was changed.
 */
export async function checkEtcd(parts: StartCheckParts): Promise<void> {
  const { clock } = parts;
  if (clock.now() < EARLIEST_MS)
    throw new AppError('unavailable', `The clock of this machine says ${new Date(clock.now()).toISOString()}: set it.`);
  const answers = await askEndpoints(parts);
  for (const [name, answer] of answers) if (answer) checkStatus(name, answer, parts);
  await checkAlarms(parts);
  await readFirst(parts);
  await checkPrefix(parts);
  await compareClocks(parts);
}

/** The status by endpoint; undefined = the user may not ask for it. */
async function askEndpoints({
  client,
  clock,
  pause,
  onProblem,
}: StartCheckParts): Promise<Map<string, StatusResponse | undefined>> {
  const until = clock.now() + WAIT_MS;
  for (;;) {
    const answers = new Map<string, StatusResponse | undefined>();
    let failure: EtcdError | undefined;
    for (const endpoint of client.endpoints.all) {
      try {
        answers.set(endpoint.name, await client.status(endpoint));
      } catch (thrown) {
        const error = EtcdError.from(thrown, endpoint.name);
        // A user who is not root may not ask; an endpoint of another cluster is a mistake in any case.
        if (error.code === status.PERMISSION_DENIED) answers.set(endpoint.name, undefined);
        else if (!error.isOfEndpoint || /belongs to cluster/.test(error.message)) throw refused(error);
        else {
          client.endpoints.failed(endpoint);
          failure = error;
        }
      }
    }
    if (answers.size > 0) {
      if ([...answers.values()].includes(undefined))
        onProblem(
          new AppError(
            'unavailable',
            'The etcd user may not ask for the version: see to it that it is 3.5.6, 3.6 or later.',
          ),
        );
      if (failure) onProblem(failure.toAppError());
      return answers;
    }
    if (clock.now() >= until) throw refused(failure);
    await pause(PAUSE_MS);
  }
}

function refused(error: EtcdError | undefined): AppError {
  if (!error) return new AppError('unavailable', 'No etcd endpoint answers.');
  if (/belongs to cluster/.test(error.message))
    return new AppError(
      'corruptState',
      `etcd at ${error.endpoint} cannot be used: ${error.message}; correct the endpoints.`,
    );
  if (error.isOfEndpoint)
    return new AppError(
      'unavailable',
      `No etcd endpoint answers (${error.endpoint}: ${error.message}): check state.etcd.endpoints, TLS and that etcd runs.`,
      { cause: error },
    );
  return error.toAppError();
}

function checkStatus(name: string, { version, dbSizeQuota }: StatusResponse, { allowOldEtcd }: StartCheckParts): void {
  if (!allowOldEtcd && !isTrustedEtcd(version))
    throw new AppError(
      'unsupported',
      `etcd at ${name} is version ${version}, which can lose changes: upgrade it to 3.5.6, 3.6 or later, or start with -allow-old-etcd.`,
    );
  const quota = Number(dbSizeQuota);
  if (quota > 0 && quota < SMALLEST_QUOTA_BYTES)
    throw new AppError(
      'unavailable',
      `etcd at ${name} may hold only ${quota} bytes: raise --quota-backend-bytes to at least ${SMALLEST_QUOTA_BYTES}.`,
    );
}

/** 3.5.6 and 3.6 hold the repairs of lost watch events and of inconsistent members. */
export function isTrustedEtcd(version: string): boolean {
  const [major = 0, minor = 0, patch = 0] = (/^\d+\.\d+\.\d+/.exec(version)?.[0] ?? '').split('.').map(Number);
  if (major !== 3) return major > 3;
  return minor > 5 || (minor === 5 && patch >= 6);
}

async function checkAlarms({ client }: StartCheckParts): Promise<void> {
  let alarms: readonly { readonly memberID: string; readonly alarm: string }[];
  try {
    ({ alarms } = await client.alarms());
  } catch (thrown) {
    if (thrown instanceof EtcdError && thrown.code === status.PERMISSION_DENIED) return;
    throw appErrorOf(thrown);
  }
  const raised = alarms.find(({ alarm }) => alarm !== 'NONE');
  if (!raised) return;
  const what = raised.alarm === 'NOSPACE' ? 'free space or raise its quota' : 'replace the damaged member';
  throw new AppError(
    'unavailable',
    `etcd has an alarm (${raised.alarm}, member ${hexId(raised.memberID)}): ${what}, then run "etcdctl alarm disarm".`,
  );
}

/** A user without rights learns the cluster by the first read. */
async function readFirst({ client, layout, onCluster }: StartCheckParts): Promise<void> {
  try {
    await client.range({ key: layout.store, keys_only: true });
  } catch (thrown) {
    throw appErrorOf(thrown);
  }
  onCluster(client.clusterId as string);
}

/** The prefix is empty or ours, of a format that is known. */
async function checkPrefix({ client, layout, datacenter }: StartCheckParts): Promise<void> {
  const value = Buffer.from(JSON.stringify({ product: PRODUCT, format: FORMAT, datacenter }));
  const marker = async () => (await client.range({ key: layout.store })).kvs[0]?.value.toString();
  try {
    // In this order: a server that starts beside this one writes its marker before anything else.
    const { kvs: others } = await client.range({ ...layout.everything, limit: 1, keys_only: true });
    let found = await marker();
    if (found === undefined && others.length > 0)
      throw new AppError(
        'corruptState',
        `etcd holds other keys under ${layout.prefix} and no state of this program: choose another state.etcd.prefix.`,
      );
    if (found === undefined) {
      const { succeeded } = await client.txn({
        compare: [{ result: 'EQUAL', target: 'CREATE', key: layout.store, create_revision: 0 }],
        success: [{ request_put: { key: layout.store, value } }],
      });
      if (!succeeded) found = await marker();
    }
    if (found !== undefined) checkMarker(found, layout, datacenter);
  } catch (thrown) {
    throw appErrorOf(thrown);
  }
}

function checkMarker(text: string, { prefix }: Layout, own: string | undefined): void {
  const { product, format, datacenter } = parsed(text);
  if (product !== PRODUCT || typeof format !== 'number')
    throw new AppError(
      'corruptState',
      `etcd holds data of another program under ${prefix}: choose another state.etcd.prefix.`,
    );
  if (format > FORMAT)
    throw new AppError(
      'corruptState',
      `The state under ${prefix} was written by a newer version (format ${format}, this one knows ${FORMAT}): start that version.`,
    );
  // Earlier versions wrote none.
  if (typeof datacenter === 'string' && own !== undefined && datacenter !== own)
    throw new AppError(
      'corruptState',
      `The state under ${prefix} is of datacenter "${datacenter}", this server of "${own}": correct datacenter, or choose another state.etcd.prefix.`,
    );
}

function parsed(text: string): Readonly<Partial<Record<'product' | 'format' | 'datacenter' | 'at', unknown>>> {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === 'object' && value !== null ? value : {};
  } catch {
    return {};
  }
}

/** Servers leave their time when they start; one that lies ahead of us means that one of two clocks is wrong. */
async function compareClocks({ client, layout, clock, onProblem }: StartCheckParts): Promise<void> {
  const { kvs } = await client.range({ ...layout.range('.fences/'), limit: 100 }).catch((thrown: unknown) => {
    throw appErrorOf(thrown);
  });
  const latest = Math.max(0, ...kvs.map(({ value }) => Number(parsed(value.toString()).at) || 0));
  const aheadMs = latest - clock.now();
  if (aheadMs > CLOCK_TOLERANCE_MS)
    onProblem(
      new AppError(
        'unavailable',
        `Another server's clock was ${Math.round(aheadMs / 1000)} s ahead of this machine's: set both by NTP.`,
      ),
    );
}
