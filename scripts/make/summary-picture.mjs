// docs/summary.svg: the summary of a real run as README shows it. Runs a built-in recipe in a pseudo-terminal of 96
// columns (python3 gives it), so that the colours are those that people see, and hands the text to picture.mjs:
//   node scripts/make/summary-picture.mjs 'corpus/*.jsonl.zst' [recipe]
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('../..', import.meta.url));
const [input, recipe = 'quickstart'] = process.argv.slice(2);
if (!input) throw new Error("which input? node scripts/make/summary-picture.mjs 'corpus/*.jsonl.zst'");

/** Runs a command on a terminal of its own, copies what it prints and ends as it does. */
const TERMINAL = `
import fcntl, os, pty, struct, sys, termios
pid, fd = pty.fork()
if pid == 0:
    os.execvp(sys.argv[1], sys.argv[1:])
fcntl.ioctl(fd, termios.TIOCSWINSZ, struct.pack('HHHH', 60, 96, 0, 0))
while True:
    try:
        data = os.read(fd, 65536)
    except OSError:
        break
    if not data:
        break
    os.write(1, data)
sys.exit(os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]))
`;

const folder = mkdtempSync(join(tmpdir(), 'sluice-summary-'));
try {
  const command = [process.execPath, join(root, 'dist/cli.js'), 'run', recipe, '--input', input, '--output', 'out'];
  const { status, stdout } = spawnSync('python3', ['-c', TERMINAL, ...command], {
    cwd: folder,
    stdio: ['ignore', 'pipe', 'inherit'],
    encoding: 'utf8',
    maxBuffer: 2 ** 28,
    env: { ...process.env, TERM: 'xterm-256color', npm_command: 'exec' },
  });
  if (status !== 0) throw new Error(`the run ended with ${status}: ${stdout.slice(-2000)}`);
  // The bars before it are drawn over and over in place.
  const lines = stdout.replaceAll('\r', '').split('\n');
  const from = lines.findLastIndex((line) => /Done.*: kept/.test(line));
  const picture = spawnSync(process.execPath, [join(root, 'scripts/make/picture.mjs')], {
    input: lines.slice(from).join('\n'),
    stdio: ['pipe', 'inherit', 'inherit'],
  });
  if (picture.status !== 0) throw new Error('no picture');
} finally {
  rmSync(folder, { recursive: true, force: true });
}
