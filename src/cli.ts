#!/usr/bin/env node
import './cli/compile-later.ts';
import { main } from './cli/main.ts';
import { safeText } from './safe-text.ts';
import { beAlone } from './streams/flow/alone.ts';

// A reader that has seen enough (`| head`) is no error.
process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  if (error.code === 'EPIPE') process.exit(0);
  throw error;
});

// What Sluice warns of is printed as Sluice prints it, the rest as Node does.
const others = process.listeners('warning');
process.removeAllListeners('warning');
process.on('warning', (warning) => {
  if (warning.name === 'Sluice') process.stderr.write(`note  ${safeText(warning.message)}\n`);
  else for (const tell of others) tell(warning);
});

// `main()` loads what a command needs.
beAlone();
process.exitCode = await main(process.argv.slice(2));
