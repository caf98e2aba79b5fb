import { pathToFileURL } from 'node:url';
import {
  type AnnotatorDescriptor,
  annotate,
  as,
  codeStatistics,
  fineweb,
  gopherQuality,
  gopherRepetition,
  ngramPerplexity,
  recipe,
  textStatistics,
} from 'sluice';
import { describe, expect, it } from 'vitest';
import { loadKernel } from '../../src/kernels/kernel.ts';
import { makeStage } from '../../src/operators/stages.ts';
import { withSettings } from '../../src/recipe/recipe.ts';
import type { StepDescriptor } from '../../src/streams/operator.ts';
import { batchOf } from '../helpers/batches.ts';
import { temporaryFolder } from '../helpers/run.ts';

const annotatorsOf = ({ options }: StepDescriptor) => options.annotators as unknown as AnnotatorDescriptor[];
const namesOf = (d: StepDescriptor): string[] => d.writes.map((w) => w.name);

const dolma = () =>
  annotate(gopherQuality({ profile: 'dolma' }), gopherRepetition({ profile: 'dolma' }), { step: 'scores' });

describe('set() of annotate()', () => {
  it('changes one annotator and leaves the others as they were', () => {
    const step = annotate(gopherQuality({ profile: 'dolma' }), fineweb(), textStatistics(), { step: 'scores' });
    const before = annotatorsOf(step.descriptor);
    const after = annotatorsOf(step.set('tagger', 'v2').descriptor);
    expect(after[0].options).toEqual({ family: 'gopher_quality', profile: 'dolma', tagger: 'v2' });
    expect(after.slice(1)).toEqual(before.slice(1));
    expect(after.map((a) => a.name)).toEqual(['gopher_quality', 'fineweb', 'text']);
  });

  it('describes again: another profile writes other columns, computed by another stage', () => {
    const changed = annotate(gopherQuality(), codeStatistics()).set('profile', 'dolma').descriptor;
    expect(changed).toEqual({
      ...annotate(gopherQuality({ profile: 'dolma' }), codeStatistics()).descriptor,
      step: 'annotate_gopher_quality+code',
    });
    expect(namesOf(changed)).toContain('gopher_median_word_length');
    expect(namesOf(changed)).not.toContain('gopher_mean_word_length');
  });

  it('of an option that two annotators have is an error that names both ways', () => {
    expect(() => dolma().set('tagger', 'v2')).toThrow(
      '--set scores.tagger: expected one annotator whose tagger is to change, got 2 that have it: gopher_quality, ' +
        'gopher_repetition. Say which: --set scores.gopher_quality.tagger=... or ' +
        '--set scores.gopher_repetition.tagger=...',
    );
  });

  it('reaches one annotator by its name', () => {
    const [quality, repetition] = annotatorsOf(dolma().set('gopher_repetition.tagger', 'v2').descriptor);
    expect(quality.options).toEqual({ family: 'gopher_quality', profile: 'dolma', tagger: 'v1' });
    expect(repetition.options).toEqual({ family: 'gopher_repetition', profile: 'dolma', tagger: 'v2' });
    expect(() => dolma().set('gopher_qualty.tagger', 'v2')).toThrow(
      'expected an annotator of step scores (gopher_quality, gopher_repetition), got gopher_qualty. Did you mean ' +
        'gopher_quality?',
    );
  });

  it('comes from --set, also through the dots of step names', () => {
    const made = recipe({
      name: 'x',
      steps: [dolma(), annotate(as(gopherQuality(), 'b'), { step: 'scores.b' })],
    });
    const changed = withSettings(made, ['scores.gopher_quality.tagger=v2', 'scores.b.profile=datatrove']);
    const [first, second] = changed.steps.map((s) => annotatorsOf(s.descriptor)[0].options);
    expect(first).toMatchObject({ tagger: 'v2' });
    expect(second).toMatchObject({ profile: 'datatrove' });
    expect(changed.steps.map((s) => s.descriptor.step)).toEqual(['scores', 'scores.b']);
    expect(() => withSettings(made, ['score.gopher_quality.tagger=v2'])).toThrow(/Did you mean scores\?/);
  });

  it('says what is wrong with a value or a name, and where', () => {
    expect(() => dolma().set('gopher_quality.tagger', 'v3')).toThrow(
      '--set scores.gopher_quality.tagger: expected tagger: one of v1, v2, got "v3".',
    );
    expect(() => dolma().set('taggr', 'v2')).toThrow(
      '--set scores.taggr: expected an option of step scores (of, profile, split, tagger), got taggr. Did you mean ' +
        'tagger?',
    );
    expect(() => dolma().set('family', 'text')).toThrow(
      /expected an option of step scores \(of, profile, split, tagger\)/,
    );
    expect(() => annotate(textStatistics(), { step: 'text' }).set('profile', 'dolma')).toThrow(
      '--set text.profile: expected an option of step text (of), got profile.',
    );
  });

  it('knows which option is unset, and forgets it once it is given', () => {
    const step = annotate(ngramPerplexity({ model: null }), { step: 'scores' });
    expect(step.descriptor.unset).toBe('model');
    const prefixed = step.set('as', 'prose').descriptor;
    expect(namesOf(prefixed)[0]).toBe('prose_nll_sum');
    expect(prefixed.unset).toBe('model');
  });
});

describe('as()', () => {
  const twice = () =>
    annotate(as(gopherQuality({ profile: 'dolma' }), 'v1'), as(gopherQuality({ profile: 'dolma' }), 'v2'), {
      step: 'scores',
    });

  it('works twice in a step, and each stays settable by its own name', async () => {
    const step = twice().set('v2_gopher_quality.tagger', 'v2');
    const [one, two] = annotatorsOf(step.descriptor);
    expect([one.options.tagger, two.options.tagger]).toEqual(['v1', 'v2']);
    expect([one.prefix, two.prefix]).toEqual(['v1', 'v2']);
    const text = 'One line…\n\n\nAnother line, of words.\n';
    const out = await (await makeStage(step.descriptor, await loadKernel())).apply(batchOf([text]));
    const value = (name: string) => out.number(name).values[0];
    expect(value('v1_gopher_word_count')).toBe(value('v2_gopher_word_count'));
    // One line ends in an ellipsis: of 5 for the tagger v1, which counts blank lines, and of 3 for v2.
    expect(value('v1_gopher_ellipsis_line_ratio')).toBe(0.2);
    expect(value('v2_gopher_ellipsis_line_ratio')).toBe(1 / 3);
    expect(() => twice().set('tagger', 'v2')).toThrow(
      /Say which: --set scores\.v1_gopher_quality\.tagger=\.\.\. or --set scores\.v2_gopher_quality\.tagger=\.\.\./,
    );
  });

  it('changes its prefix, nests, and stays after another change', () => {
    const step = annotate(as(as(gopherQuality(), 'a'), 'b'), { step: 's' });
    expect(namesOf(step.descriptor)[0]).toBe('b_a_gopher_word_count');
    const changed = step.set('prefix', 'c').set('profile', 'datatrove').descriptor;
    expect(namesOf(changed)[0]).toBe('c_a_gopher_word_count');
    expect(annotatorsOf(changed)[0]).toMatchObject({ prefix: 'c_a', options: { profile: 'datatrove' } });
    expect(() => step.set('prefix', 'C')).toThrow(
      '--set s.prefix: expected prefix: a prefix of a-z, 0-9 and _, got "C".',
    );
  });

  it('wants an annotator and a prefix', () => {
    expect(() => as(gopherQuality(), 'B-')).toThrow('as(): expected prefix: a prefix of a-z, 0-9 and _, got "B-".');
    expect(() => as(gopherQuality as never, 'b')).toThrow('as(): expected an annotator, got function.');
  });
});

describe('annotators', () => {
  it('are plain data for workers and hashes', () => {
    const a = gopherQuality({ profile: 'dolma' });
    expect(structuredClone({ ...a })).toEqual(JSON.parse(JSON.stringify(a)));
    expect(Object.keys(a)).not.toContain('settings');
    const [recorded] = annotatorsOf(annotate(a).descriptor);
    expect(structuredClone(recorded)).toEqual(recorded);
  });

  it('of a module of your own are found by its URL, renamed and set', async () => {
    const folder = await temporaryFolder();
    const { writeFile } = await import('node:fs/promises');
    await writeFile(
      `${folder}/length.mjs`,
      `export const lengthOf = ({ times }) => (batch, scope) => {
        const values = Float64Array.from(scope, (own, i) => (own ? times * batch.text(i).length : NaN));
        return [['length', { type: 'float64', values, valid: null }]];
      };`,
    );
    const own: AnnotatorDescriptor = {
      name: 'length',
      version: 1,
      module: pathToFileURL(`${folder}/length.mjs`).href,
      export: 'lengthOf',
      options: { times: 2 },
      reads: ['text'],
      writes: [{ name: 'length', type: 'float64' }],
    };
    const step = annotate(own, as(own, 'more'), { step: 's' }).set('more_length.times', 3);
    const out = await (await makeStage(step.descriptor, await loadKernel())).apply(batchOf(['four', 'sixsix']));
    expect([...out.number('length').values]).toEqual([8, 12]);
    expect([...out.number('more_length').values]).toEqual([12, 18]);
    const wrong = annotate({ ...own, export: 'length' }).descriptor;
    await expect(makeStage(wrong, await loadKernel())).rejects.toThrow(/expected an export length.*got only lengthOf/);
  });

  it.each([
    [() => annotate(textStatistics as never), /got a function: call it, as in annotate\(textStatistics\(\)\)/],
    [() => annotate(undefined as never), /expected annotators, and options, got undefined/],
    [() => annotate({ step: 'x' }), /expected at least one annotator, got none/],
    [
      () => annotate(textStatistics(), { stp: 'x' } as never),
      'annotate(): expected only step, where, got the option stp. Did you mean step?',
    ],
    [
      () => annotate(textStatistics(), { where: { domains: ['web'] } } as never),
      'annotate() at where: expected only domain, column, is, not, got the option domains. Did you mean domain?',
    ],
    [() => annotate(textStatistics(), textStatistics()), /annotators that write different columns.*text_chars/],
  ])('that are none are refused (%#)', (make, message) => {
    expect(make).toThrow(message);
  });
});
