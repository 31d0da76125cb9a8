// Loaded into a server before it starts: its wall clock is as far from the right time as the file CLOCK_FILE says, in milliseconds.
// SIGUSR2 makes it look again.
import { readFileSync } from 'node:fs';

const now = Date.now.bind(Date);
let offsetMs = 0;
Date.now = () => now() + offsetMs;
const look = () => {
  try {
    offsetMs = Number(readFileSync(process.env.CLOCK_FILE, 'utf8')) || 0;
  } catch {
    offsetMs = 0;
  }
};
look();
process.on('SIGUSR2', look);
