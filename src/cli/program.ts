/**
 * How the one who reads a proposed command started this program, so that it works when it is pasted: `npx sluice` under
 * npx and in the scripts of a package, where no `sluice` is on the path; else `sluice`.
 */
export const program = (): string => (process.env.npm_command === undefined ? 'sluice' : 'npx sluice');
