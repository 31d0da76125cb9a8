import type { PendingRevocation } from './propagation-model.js';
import type { ProxySession } from './session.js';

/** An Envoy that was started by others drains for 600 s unless its command line says otherwise. */
const FOREIGN_DRAIN_MS = 600_000;

/**
 * Whether connections that were open when access was taken away may still live at this proxy: it has not accepted the listener
 * that ends them, or is still draining them. `drainTimeMs` undefined = the Envoy was not started with a drain time of ours.
 */
export function pendingRevocation(
  session: ProxySession,
  drainTimeMs: number | undefined,
  nowMs: number,
): PendingRevocation | undefined {
  for (const { source, accepted, visible } of session.subscriptions.listener.entries.values()) {
    const wantedEpoch = source.current?.chainEpoch ?? 0;
    if (!visible || !accepted || wantedEpoch <= (accepted.chainEpoch ?? 0)) continue;
    const reason = 'the proxy has not accepted the listener that ends connections of before';
    return { index: wantedEpoch, acceptedAt: '', endsAt: '', reason };
  }
  const { revocation } = session;
  if (!revocation) return undefined;
  const acceptedAtMs = Date.parse(revocation.acceptedAt);
  const endsAtMs = acceptedAtMs + (drainTimeMs ?? FOREIGN_DRAIN_MS);
  if (nowMs >= endsAtMs) return undefined;
  if (drainTimeMs === undefined) {
    const reason =
      'connections of before end with the drain time of this Envoy, which is not ours and cannot be hastened; start it with --drain-time-s 15 --drain-strategy immediate';
    return { ...revocation, endsAt: '', reason };
  }
  return { ...revocation, endsAt: new Date(endsAtMs).toISOString(), reason: 'connections of before are being drained' };
}
