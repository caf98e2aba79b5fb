import { refuseOthersFile } from '../../files/others-file.ts';
import { writeWhole } from '../../files/whole.ts';
import { folderOfFinished } from '../../ledger/stored/finished.ts';
import { exportRun } from '../../run/live/export-run.ts';
import { serveRun } from '../../run/live/serve-run.ts';
import { type Command, type OptionSpecs, parseCommandLine } from '../command.ts';
import { EXIT } from '../failure.ts';
import { size } from '../terminal/format.ts';
import { standardOutput, warn } from '../terminal/terminal.ts';
import { addressLines, interrupted, openPage, portOption } from './address.ts';

const options = {
  port: { value: 'N', help: 'Default 4610, or any that is free; 0: any that is free.' },
  host: { value: 'ADDRESS', help: 'Address to listen on. Default 127.0.0.1; elsewhere a token is needed.' },
  export: { value: 'FILE', help: 'Write the page as one HTML file that needs no server, and end.' },
  'no-text': { help: 'With --export: leave out all text of documents and their ids.' },
} as const satisfies OptionSpecs;

async function run(args: readonly string[]): Promise<number> {
  const { values, positionals } = parseCommandLine('serve', args, options, ['run-dir']);
  const { out, style } = standardOutput();
  const folder = await folderOfFinished(positionals[0], 'sluice serve');
  if (values.export !== undefined) {
    await refuseOthersFile(values.export, (head) => head.includes('<title>Sluice</title>'), {
      what: 'a page of a run',
      option: '--export',
    });
    const html = await exportRun(folder, { text: !values['no-text'] });
    await writeWhole(values.export, html);
    out(`Page  ${values.export}  (${size(Buffer.byteLength(html))}; needs no server: open it in a browser)`);
    return EXIT.done;
  }
  const port = portOption(values.port, '--port');
  const served = await serveRun(folder, (error) => warn((error as Error).message));
  try {
    const server = await openPage(served.source, { host: values.host, port, option: '--port' });
    for (const line of addressLines(server, style)) out(line);
    out(style.dim('Ctrl-C to stop.'));
    await interrupted();
    await server.close();
  } finally {
    await served.close();
  }
  return EXIT.done;
}

/** `sluice serve`: the live page of a run, from its directory alone. */
export const serveCommand: Command = {
  help: {
    usage: '<run-dir> [options]',
    about:
      'The page of sluice run --live, of any run: finished, stopped, or in work in another process. It is made from ' +
      'the run directory alone, and changes nothing in it. The same as JSON at /api, for Prometheus at /metrics.',
    options,
    examples: [
      ['sluice serve sluice-out/quickstart', 'look at a run in the browser'],
      ['sluice serve sluice-out/quickstart --export page.html', 'one file to send to somebody'],
      ['sluice serve out --host 0.0.0.0', 'for other machines; prints an address with a token'],
    ],
  },
  run,
};
