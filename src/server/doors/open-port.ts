import { AppError } from '../../core/index.js';

/** Adds the flag that changes a taken port to the error of opening it. */
export async function openPort<Opened>(flag: string, open: () => Promise<Opened>): Promise<Opened> {
  try {
    return await open();
  } catch (thrown) {
    const error = AppError.from(thrown);
    if (error.code !== 'portTaken') throw error;
    throw new AppError(
      'portTaken',
      `${error.message.replace(/[.;]?\s*$/, '')}; stop the other process, or choose another port with ${flag}`,
    );
  }
}

/** A port on each of its addresses. */
export interface PortPlaces {
  readonly addresses: readonly string[];
  /** 0 = any: all addresses get the first's. */
  readonly port: number;
  /** The flag that changes the port. */
  readonly flag: string;
  /** Opens it on one address, and resolves with the real port. */
  readonly listen: (address: string, port: number) => Promise<{ readonly port: number }>;
}

/** Opens a port on each of its addresses. Resolves with the real port. Throws AppError('portTaken' …). */
export async function openOnEach({ addresses, port, flag, listen }: PortPlaces): Promise<number> {
  let found = port;
  for (const address of addresses) {
    const opened = await openPort(flag, () => listen(address, found));
    // A socket file has no port.
    if (opened.port !== 0) found = opened.port;
  }
  return found;
}
