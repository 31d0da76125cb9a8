import { type ChildProcess, spawn } from 'node:child_process';

// Process groups and folders that are left when this process ends in whatever way: killed, removed.
const SCRIPT = `
groups="" folders=""
while read -r word; do
  case "$word" in
    +*) groups="$groups \${word#+}" ;;
    -*) kept=""; for one in $groups; do [ "$one" = "\${word#-}" ] || kept="$kept $one"; done; groups="$kept" ;;
    /*) folders="$folders $word" ;;
  esac
done
for one in $groups; do kill -KILL "-$one" 2>/dev/null; done
for one in $folders; do rm -rf "$one"; done
`;

let warden: ChildProcess | undefined;

function tell(line: string): void {
  if (warden === undefined) {
    warden = spawn('sh', ['-c', SCRIPT], { stdio: ['pipe', 'ignore', 'ignore'], detached: true });
    warden.unref();
    (warden.stdin as unknown as { unref?: () => void } | null)?.unref?.();
    warden.on('error', () => {});
    warden.stdin?.on('error', () => {});
  }
  warden.stdin?.write(`${line}\n`);
}

/** Cleans up behind a test run that is killed before it can do so itself. */
export const atUntimelyEnd = {
  killGroup: (pid: number): void => tell(`+${pid}`),
  forgetGroup: (pid: number): void => tell(`-${pid}`),
  removeFolder: (path: string): void => tell(path),
};
