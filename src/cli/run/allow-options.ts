import type { OptionSpecs, Values } from '../command.ts';

/** Options that let a run go on where a guard would stop it. */
export const allowSpecs = {
  'allow-rule': {
    value: 'RULE',
    many: true,
    help: 'Let this rule drop any share. By default a guard stops the run when one rule drops more than 60 %.',
  },
  'allow-drop-share': {
    value: 'SCOPE',
    many: true,
    help: 'Let the run (all) or a domain lose any share. The default limit is 98 %, or what the recipe expects.',
  },
  'allow-cluster': {
    value: 'STEP',
    many: true,
    help: 'Let one document have any number of duplicates in this dedup step. The default limit is 5 % of the run.',
  },
  'allow-quarantine': {
    help:
      'Let any share of records be unreadable, all of them included (default limit 20 %), and steps fail on any ' +
      'share of documents (1 %).',
  },
} as const satisfies OptionSpecs;

/** What guards must let pass, of a command line. */
export const allowFrom = (values: Values<typeof allowSpecs>) => ({
  rule: [...values['allow-rule']],
  dropShare: [...values['allow-drop-share']],
  cluster: [...values['allow-cluster']],
  quarantine: values['allow-quarantine'],
});
