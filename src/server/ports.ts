import { AppError } from '../core/index.js';

/** Adds the flag that changes a taken port to the error of opening it. */
export async function openDoor<Opened>(flag: string, open: () => Promise<Opened>): Promise<Opened> {
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
