import { defineCommand } from '../command.js';
import { messageOf, refuse } from '../failure.js';
import type { AgentFlagValues } from '../flags/agent-flags.js';
import { createAgentClient } from '../http/agent-client.js';
import { agentSettings } from '../http/agent-settings.js';
import { listenForInterrupt } from '../interrupt.js';
import type { SnapshotAgentOptions } from '../snapshots/agent-file.js';
import { type SnapshotAgentPlan, snapshotAgentFlags } from '../snapshots/agent-plan.js';

/** `snapshot agent`: backups into a folder or a bucket, again and again. */
export const snapshotAgent = defineCommand({
  usage: '[options]',
  about:
    'Saves a snapshot into a folder, or a bucket of an S3-compatible store, whenever the newest one there is as old as the interval, checks it there, and keeps the newest ones. ' +
    'Of several agents with one lock key one works at a time. What fails is reported on stderr and tried again. Ends with SIGINT or SIGTERM.',
  examples: [
    { says: 'Every hour, thirty of them:', type: 'snapshot agent -local-path /backups' },
    { says: 'One, from a timer of the system:', type: 'snapshot agent -local-path /backups -interval 0' },
    {
      says: 'To a store of your own, with credentials from the environment:',
      type: 'snapshot agent -aws-s3-bucket backups -aws-s3-endpoint https://store.example:9000 -aws-s3-force-path-style',
    },
  ],
  flags: snapshotAgentFlags,
  maxArgs: 0,
  reachesAgent: true,
  run: async ({ flags, isGiven, io }) => {
    const { readAgentFiles } = await import('../snapshots/agent-file.js');
    const { planSnapshotAgent } = await import('../snapshots/agent-plan.js');
    const { keepSaving, saveOnce } = await import('../snapshots/run-agent.js');
    let plan: SnapshotAgentPlan;
    let file: SnapshotAgentOptions;
    try {
      file = readAgentFiles(flags.configFile, flags.configDir, io.cwd);
      plan = planSnapshotAgent(flags, isGiven, file, io);
    } catch (thrown) {
      return refuse(io, messageOf(thrown));
    }
    // The flags for reaching an agent are among the others.
    const given = flags as unknown as AgentFlagValues;
    const agent = createAgentClient(
      agentSettings(
        {
          ...given,
          httpAddr: given.httpAddr || (file.httpAddr ?? ''),
          token: given.token || (file.token ?? ''),
          datacenter: given.datacenter || (file.datacenter ?? ''),
          caFile: given.caFile || (file.caFile ?? ''),
          caPath: given.caPath || (file.caPath ?? ''),
          clientCert: given.clientCert || (file.certFile ?? ''),
          clientKey: given.clientKey || (file.keyFile ?? ''),
          tlsServerName: given.tlsServerName || (file.tlsServerName ?? ''),
        },
        io,
      ),
    );
    const { signal, release } = listenForInterrupt(['SIGINT', 'SIGTERM']);
    try {
      if (plan.intervalMs === 0) return await saveOnce({ plan, agent, io, signal });
      await keepSaving({ plan, agent, io, signal });
      return 0;
    } finally {
      release();
    }
  },
});
