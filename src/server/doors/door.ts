import type { AgentConfig } from '../../agent/config/index.js';
import { openOnEach, type PortPlaces } from './open-port.js';

/** The ports of an agent: those of the configuration, and in their place the real ones as doors open. -1 = closed. */
export type Ports = { -readonly [Name in keyof AgentConfig['ports']]: AgentConfig['ports'][Name] };

/** What has to be there before a door opens. */
export type Opening = 'at once' | 'when proxies can be served' | 'with a certificate of the servers';

/** One port of an agent, on all its addresses. */
export interface Door extends Omit<PortPlaces, 'port'> {
  readonly name: keyof Ports;
  readonly opens: Opening;
  /** The configuration asks for it. */
  readonly isWanted: boolean;
  /** What the log says of it when it is open. */
  readonly said: string;
  /** Ends all connections through it. It may be called where the door was never opened. */
  close(): Promise<void>;
}

interface DoorLogger {
  info(fields: object, message: string): void;
}

/** Opens the doors whose time has come, in their order, and notes the real ports. Throws AppError('portTaken' …). */
export async function openDoors(
  doors: readonly Door[],
  time: Opening,
  { ports, logger }: { readonly ports: Ports; readonly logger: DoorLogger },
): Promise<void> {
  for (const door of doors) {
    if (door.opens !== time || !door.isWanted) continue;
    const port = await openOnEach({ ...door, port: ports[door.name] });
    ports[door.name] = port;
    logger.info({ address: door.addresses.join(' '), port }, door.said);
  }
}

/** Closes all doors, the last one first. */
export async function closeDoors(doors: readonly Door[]): Promise<void> {
  for (const door of doors.toReversed()) await door.close();
}
